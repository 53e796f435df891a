/** Whose token is this? */
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../caller.ts';
import { closed } from '../schemas.ts';

export function whoamiRoutes(app: FastifyInstance): void {
  app.get(
    '/v1/whoami',
    {
      config: {
        facts: {
          summary: 'The approver behind the token',
          roles: ['approver', 'operator', 'auditor'],
          responses: {
            200: {
              description:
                'Name, groups and roles, and when the token ends; null: when it leaves postern.yaml',
              schema: closed({
                name: { type: 'string' },
                groups: { type: 'array', items: { type: 'string' } },
                roles: { type: 'array', items: { enum: ['approver', 'operator', 'auditor'] } },
                expiresAt: { type: ['string', 'null'], format: 'date-time' },
              }),
            },
          },
        },
      },
    },
    async (request) => {
      const { name, groups, roles, expiresAtMs } = callerOf(request);
      const expiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
      return { name, groups, roles, expiresAt };
    },
  );
}
