/** Time-boxed grants: make, list, show, revoke. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GRANT_STATES, type GrantChannel, type GrantState } from '../../approvals/grant.ts';
import { MAX_NAMED_COLUMNS } from '../../policy/column-list.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { MAX_COLUMN_CHARS, MAX_LISTED_REQUESTS } from '../limits.ts';
import { agentName, closed, grantSchema, idParams, label, reason } from '../schemas.ts';
import { grantView } from '../views.ts';
import { wholeId } from '../whole-id.ts';

type Asked = {
  agent: string;
  database?: string;
  columns: string[];
  forMs: number;
  maxRows: number;
  reason: string;
};

export function grantRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { grants } = deps;
  app.post<{ Body: Asked }>(
    '/v1/grants',
    { schema: { body: askedSchema }, config: { facts: makeFacts } },
    async (request, reply) => {
      const { agent, database = null, columns, forMs, maxRows, reason: why } = request.body;
      const terms = await deps.grantTerms({ agent, database, columns });
      const asked = { ...terms, expiresMs: forMs, maxRows, reason: why };
      const made = await grants.make(asked, callerOf(request), channelOf(request));
      return reply.code(201).send(grantView(made));
    },
  );

  app.get<{ Querystring: { state?: GrantState; agent?: string } }>(
    '/v1/grants',
    {
      schema: {
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { state: { type: 'string', enum: GRANT_STATES }, agent: label },
        },
      },
      config: { facts: listFacts },
    },
    async (request) => ({
      grants: (await grants.list({ ...request.query, limit: MAX_LISTED_REQUESTS })).map(grantView),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/v1/grants/:id',
    { schema: { params: idParams }, config: { facts: showFacts } },
    async (request) => grantView(await grants.get(request.params.id)),
  );

  app.post<{ Params: { id: string }; Body: { reason: string } }>(
    '/v1/grants/:id/revoke',
    {
      schema: { params: idParams, body: closed({ reason }) },
      config: { facts: revokeFacts },
    },
    async (request) => {
      const id = wholeId(request.params.id, 'revoking', 'the grant');
      return grantView(await grants.revoke(id, callerOf(request), request.body.reason));
    },
  );
}

const askedSchema = closed(
  {
    agent: agentName,
    database: label,
    columns: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_NAMED_COLUMNS,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, maxLength: MAX_COLUMN_CHARS },
    },
    forMs: { type: 'integer', minimum: 1000 },
    maxRows: { type: 'integer', minimum: 1 },
    reason,
  },
  ['database'],
);

const makeFacts: RouteFacts = {
  summary: 'Let an agent see masked columns for a time, in at most so many rows',
  roles: ['approver'],
  responses: { 201: { description: 'The grant, in force', schema: grantSchema } },
};

const listFacts: RouteFacts = {
  summary: `Grants, newest first, at most ${MAX_LISTED_REQUESTS}`,
  roles: ['approver', 'operator', 'auditor'],
  responses: {
    200: {
      description: 'Grants that match',
      schema: closed({ grants: { type: 'array', items: grantSchema } }),
    },
  },
};

const showFacts: RouteFacts = {
  summary: 'One grant, by its id or an unambiguous beginning of it',
  roles: ['approver', 'operator', 'auditor'],
  responses: { 200: { description: 'The grant', schema: grantSchema } },
};

const revokeFacts: RouteFacts = {
  summary: 'End a grant; results that are being shown under it are cancelled',
  roles: ['approver', 'operator'],
  responses: { 200: { description: 'The grant, revoked', schema: grantSchema } },
};

/** Which of our own programs asked; who asked is the token's to say. */
function channelOf(request: FastifyRequest): GrantChannel {
  return request.headers['postern-channel'] === 'cli' ? 'cli' : 'api';
}
