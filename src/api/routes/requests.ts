/** Requests: list, show, decide. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isWholeId, readId } from '../../approvals/id.ts';
import type { RequestState } from '../../approvals/request.ts';
import { PosternError } from '../../errors.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { MAX_LISTED_REQUESTS } from '../limits.ts';
import { REQUEST_STATES, label, reason, requestId, requestSchema } from '../schemas.ts';
import { requestView } from '../views.ts';

const readers = ['approver', 'operator', 'auditor'] as const;
const idParams = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: requestId },
} as const;

export function requestRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const { approvals } = deps;

  app.get<{ Querystring: { state?: RequestState; agent?: string } }>(
    '/v1/requests',
    {
      schema: {
        querystring: {
          type: 'object',
          additionalProperties: false,
          properties: { state: { type: 'string', enum: REQUEST_STATES }, agent: label },
        },
      },
      config: { facts: listFacts },
    },
    async (request) => ({
      requests: approvals.list({ ...request.query, limit: MAX_LISTED_REQUESTS }).map(requestView),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/v1/requests/:id',
    {
      schema: { params: idParams },
      config: { facts: showFacts },
    },
    async (request) => requestView(approvals.get(request.params.id)),
  );

  for (const decision of ['approve', 'deny'] as const) {
    app.post<{ Params: { id: string }; Body: { reason: string } }>(
      `/v1/requests/:id/${decision}`,
      {
        schema: {
          params: idParams,
          body: { type: 'object', required: ['reason'], additionalProperties: false, properties: { reason } },
        },
        config: { facts: decisionFacts(decision) },
      },
      async (request) => {
        const { id } = request.params;
        checkWhole(id);
        const decided = await approvals.decide(
          id,
          callerOf(request),
          decision,
          request.body.reason,
          channelOf(request),
        );
        return requestView(decided);
      },
    );
  }
}

const listFacts: RouteFacts = {
  summary: `Requests, newest first, at most ${MAX_LISTED_REQUESTS}`,
  roles: readers,
  responses: {
    200: {
      description: 'Requests that match',
      schema: { type: 'object', properties: { requests: { type: 'array', items: requestSchema } } },
    },
  },
};

const showFacts: RouteFacts = {
  summary: 'One request, by its id or an unambiguous beginning of it',
  roles: readers,
  responses: { 200: { description: 'The request', schema: requestSchema } },
};

function decisionFacts(decision: 'approve' | 'deny'): RouteFacts {
  return {
    summary: decision === 'approve' ? 'Let the held statement run' : 'Refuse the held statement',
    roles: ['approver'],
    responses: {
      200: {
        description: 'The request after the decision; pending while its quorum is not met',
        schema: requestSchema,
      },
    },
  };
}

/**
 * A decision takes the whole id. By its beginning alone it could reach a request other than the one its
 * approver has read, one that the agent made since.
 */
function checkWhole(id: string): void {
  const read = readId(id);
  if (read !== null && isWholeId(read)) return;
  throw new PosternError('bad-input', { reason: 'a decision needs the whole id of its request' });
}

/** Which of our own programs asked. It says how a decision came, not who made it: that is the token's. */
function channelOf(request: FastifyRequest): 'cli' | 'api' {
  return request.headers['postern-channel'] === 'cli' ? 'cli' : 'api';
}
