/** What would the rules say? Runs nothing and records nothing. */
import type { FastifyInstance } from 'fastify';
import { PosternError } from '../../errors.ts';
import type { ApiDeps } from '../deps.ts';
import { MAX_EXPLAIN_BODY_BYTES } from '../limits.ts';
import { label } from '../schemas.ts';

type Question = { sql: string; agent: string; database: string };

export function policyRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.post<{ Body: Question }>(
    '/v1/policy/explain',
    {
      bodyLimit: MAX_EXPLAIN_BODY_BYTES,
      schema: {
        body: {
          type: 'object',
          required: ['sql', 'agent', 'database'],
          additionalProperties: false,
          properties: { sql: { type: 'string', minLength: 1 }, agent: label, database: label },
        },
      },
      config: {
        facts: {
          summary: 'Verdict, rules and masks for a statement, as an agent would get them',
          roles: ['approver', 'operator', 'auditor'],
          responses: { 200: { description: 'The explanation', schema: { type: 'object' } } },
        },
      },
    },
    async (request) => {
      const { sql, agent, database } = request.body;
      if ((await deps.agents.find(agent)) === null)
        throw new PosternError('not-found', { what: 'agent', name: agent });
      if (!deps.databases.some((one) => one.name === database)) {
        throw new PosternError('not-found', { what: 'database', name: database });
      }
      return deps.explain({ sql, agent, database });
    },
  );
}
