/** Requests: list, show, decide. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Answer, RequestState } from '../../approvals/request.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { MAX_LISTED_REQUESTS } from '../limits.ts';
import { ANSWERS, REQUEST_STATES, idParams, label, reason, requestSchema } from '../schemas.ts';
import { requestView } from '../views.ts';
import type { RequestView } from '../views.ts';
import { wholeId } from '../whole-id.ts';

const readers = ['approver', 'operator', 'auditor'] as const;

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
      requests: (await approvals.list({ ...request.query, limit: MAX_LISTED_REQUESTS })).map(requestView),
    }),
  );

  app.get<{ Params: { id: string } }>(
    '/v1/requests/:id',
    {
      schema: { params: idParams },
      config: { facts: showFacts },
    },
    async (request) => requestView(await approvals.get(request.params.id)),
  );

  decisionRoutes(app, approvals);
}

function decisionRoutes(app: FastifyInstance, approvals: ApiDeps['approvals']): void {
  const decide = async (request: Deciding, answer: Answer, reason_: string): Promise<RequestView> =>
    requestView(
      await approvals.decide(
        wholeId(request.params.id),
        callerOf(request),
        answer,
        reason_,
        channelOf(request),
      ),
    );

  app.post<{ Params: { id: string }; Body: { decision: Answer; reason: string } }>(
    '/v1/requests/:id/decision',
    {
      schema: {
        params: idParams,
        body: {
          type: 'object',
          required: ['decision', 'reason'],
          additionalProperties: false,
          properties: { decision: { type: 'string', enum: ANSWERS }, reason },
        },
      },
      config: { facts: decisionFacts('Approve, deny or escalate') },
    },
    (request) => decide(request, request.body.decision, request.body.reason),
  );
  for (const answer of ['approve', 'deny'] as const) {
    app.post<{ Params: { id: string }; Body: { reason: string } }>(
      `/v1/requests/:id/${answer}`,
      {
        schema: {
          params: idParams,
          body: { type: 'object', required: ['reason'], additionalProperties: false, properties: { reason } },
        },
        config: {
          facts: decisionFacts(
            answer === 'approve' ? 'Let the held statement run' : 'Refuse the held statement',
          ),
        },
      },
      (request) => decide(request, answer, request.body.reason),
    );
  }
}

type Deciding = FastifyRequest<{ Params: { id: string }; Body: { reason: string } }>;

const listFacts: RouteFacts = {
  summary: `Requests, newest first, at most ${MAX_LISTED_REQUESTS}`,
  roles: readers,
  responses: {
    200: {
      description: 'Requests that match',
      schema: {
        type: 'object',
        required: ['requests'],
        additionalProperties: false,
        properties: { requests: { type: 'array', items: requestSchema } },
      },
    },
  },
};

const showFacts: RouteFacts = {
  summary: 'One request, by its id or an unambiguous beginning of it',
  roles: readers,
  responses: { 200: { description: 'The request', schema: requestSchema } },
};

function decisionFacts(summary: string): RouteFacts {
  return {
    summary,
    roles: ['approver'],
    responses: {
      200: {
        description: 'The request after the decision; pending while its quorum is not met',
        schema: requestSchema,
      },
    },
  };
}

/** Which of our own programs asked. It says how a decision came, not who made it: that is the token's. */
function channelOf(request: FastifyRequest): 'cli' | 'api' {
  return request.headers['postern-channel'] === 'cli' ? 'cli' : 'api';
}
