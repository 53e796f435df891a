/** The trail: is it whole, and what is in it? */
import type { FastifyInstance } from 'fastify';
import type { AuditKind } from '../../audit/event.ts';
import type { TrailReport } from '../../audit/chains.ts';
import { DEFAULT_SEARCH_RESULTS, MAX_SEARCH_RESULTS } from '../../audit/limits.ts';
import type { TrailQuery } from '../../audit/search.ts';
import { PosternError } from '../../errors.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { closed, count, instant, trailRecordSchema, word } from '../schemas.ts';

const auditors = ['auditor'] as const;

/** As it comes in a query string: text throughout. */
type WrittenQuery = Readonly<
  Partial<
    Record<
      | 'agent'
      | 'approver'
      | 'kind'
      | 'relation'
      | 'action'
      | 'request'
      | 'session'
      | 'since'
      | 'until'
      | 'limit',
      string
    >
  >
>;

export function auditRoutes(app: FastifyInstance, deps: ApiDeps): void {
  // Reading a whole trail is work: all who ask at the same time share one reading.
  let running: Promise<TrailReport> | null = null;
  app.get('/v1/audit/verify', { config: { facts: verifyFacts } }, async () => {
    running ??= deps.trail.verify().finally(() => {
      running = null;
    });
    return running;
  });

  app.get<{ Querystring: WrittenQuery }>(
    '/v1/audit/search',
    {
      schema: {
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: {
            agent: word,
            approver: word,
            kind: word,
            relation: word,
            action: word,
            request: word,
            session: word,
            since: instant,
            until: instant,
            limit: count,
          },
        },
      },
      config: { facts: searchFacts },
    },
    async (request) => deps.trail.search(trailQuery(request.query)),
  );
}

function trailQuery(written: WrittenQuery): TrailQuery {
  const { agent, approver, kind, relation, action, request, session, since, until, limit } = written;
  return {
    ...(agent === undefined ? {} : { agent }),
    ...(approver === undefined ? {} : { approver }),
    ...(relation === undefined ? {} : { relation }),
    ...(action === undefined ? {} : { action }),
    ...(request === undefined ? {} : { requestId: request }),
    ...(session === undefined ? {} : { sessionId: session }),
    // A kind that does not exist finds nothing, as a name does that nobody has.
    ...(kind === undefined ? {} : { kinds: kind.split(',') as AuditKind[] }),
    ...(since === undefined ? {} : { since: instantOf('since', since) }),
    ...(until === undefined ? {} : { until: instantOf('until', until) }),
    limit: Math.min(Number(limit ?? DEFAULT_SEARCH_RESULTS), MAX_SEARCH_RESULTS),
  };
}

/** A date alone is its first instant in UTC. */
function instantOf(name: string, text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new PosternError('bad-input', { reason: `${name} is no date or RFC 3339 time` });
  return date;
}

const number = { type: 'integer' } as const;
const text = { type: 'string' } as const;
const wholeSchema = closed({
  ok: { const: true },
  records: number,
  segments: number,
  head: closed({ seq: number, hash: text }),
  anchor: { enum: ['expected-head', 'head-file', 'none'] },
});
const brokenSchema = closed({
  ok: { const: false },
  records: number,
  problem: text,
  text,
  file: text,
  line: { type: ['integer', 'null'] },
  offset: { type: ['integer', 'null'] },
  seq: number,
});

const severalSchema = closed({
  ok: { type: 'boolean' },
  chains: {
    type: 'array',
    items: closed({ chain: text, report: { oneOf: [wholeSchema, brokenSchema] } }),
  },
});

const verifyFacts: RouteFacts = {
  summary: 'Check the whole chain; of several processes, each one’s',
  roles: auditors,
  responses: {
    200: {
      description: 'The report; `ok` is false where the trail is broken, and it says where',
      schema: { oneOf: [wholeSchema, brokenSchema, severalSchema] },
    },
  },
};

const searchFacts: RouteFacts = {
  summary: `The newest records that match, oldest first; ${DEFAULT_SEARCH_RESULTS} unless \`limit\` says otherwise, at most ${MAX_SEARCH_RESULTS}. \`kind\` takes several, with commas`,
  roles: auditors,
  responses: {
    200: {
      description:
        '`truncated`: more matched. `unreadable`: lines that are no sound records; verify the trail if there are any',
      schema: closed({
        records: { type: 'array', items: trailRecordSchema },
        truncated: { type: 'boolean' },
        unreadable: { type: 'integer' },
      }),
    },
  },
};
