/** What Prometheus scrapes. It says how much goes on here, so it needs a token like everything else. */
import type { FastifyInstance } from 'fastify';
import type { ApiDeps } from '../deps.ts';

export function metricsRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.get(
    '/metrics',
    {
      config: {
        facts: {
          summary: 'Metrics in the text format of Prometheus',
          roles: ['auditor', 'operator'],
          responses: { 200: { description: 'The metrics', schema: { type: 'string' }, type: 'text/plain' } },
        },
      },
    },
    async (_request, reply) => {
      const { contentType } = deps.metrics;
      return reply.header('content-type', contentType).send(await deps.metrics.text());
    },
  );
}
