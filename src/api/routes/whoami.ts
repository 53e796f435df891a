/** Whose token is this? */
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../caller.ts';

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
              description: 'Name, groups and roles as postern.yaml gives them',
              schema: {
                type: 'object',
                properties: {
                  name: { type: 'string' },
                  groups: { type: 'array', items: { type: 'string' } },
                  roles: { type: 'array', items: { enum: ['approver', 'operator', 'auditor'] } },
                },
              },
            },
          },
        },
      },
    },
    async (request) => {
      const { name, groups, roles } = callerOf(request);
      return { name, groups, roles };
    },
  );
}
