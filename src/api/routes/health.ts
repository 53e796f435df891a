/** Is it alive, is it ready? For load balancers and supervisors, so without a token. */
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../deps.ts';
import { closed } from '../schemas.ts';

const health = closed({
  ready: { type: 'boolean' },
  problems: { type: 'array', items: { type: 'string' } },
});

const life = closed({
  alive: { type: 'boolean' },
  problems: { type: 'array', items: { type: 'string' } },
});

export function healthRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.get(
    '/healthz',
    {
      config: {
        facts: {
          summary: 'The process answers, and nothing is wrong that only a restart would mend',
          roles: 'anyone',
          responses: {
            200: { description: 'Alive', schema: life },
            503: { description: 'To be restarted, and why', schema: life },
          },
        },
      },
    },
    async (_request, reply) => {
      const { alive, problems } = await deps.liveness();
      return reply.code(alive ? 200 : 503).send({ alive, problems });
    },
  );

  app.get(
    '/readyz',
    {
      config: {
        facts: {
          summary: 'Statements can be judged, recorded and sent',
          roles: 'anyone',
          responses: {
            200: { description: 'Ready', schema: health },
            503: { description: 'Not ready, and why', schema: health },
          },
        },
      },
    },
    async (_request, reply) => {
      const { ready, problems } = await deps.health();
      return reply.code(ready ? 200 : 503).send({ ready, problems });
    },
  );
}
