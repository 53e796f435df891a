/** The event stream: every transition of every request, as it becomes durable. */
import type { FastifyInstance } from 'fastify';
import type { EventHub } from '../event-hub.ts';
import { requestSchema } from '../schemas.ts';

export function eventRoutes(app: FastifyInstance, hub: EventHub): void {
  app.get(
    '/v1/events',
    {
      config: {
        facts: {
          summary: 'Follow transitions as server-sent events named `request`',
          roles: ['approver', 'operator', 'auditor'],
          responses: {
            200: {
              description: "Each event's data is a request as JSON",
              type: 'text/event-stream',
              schema: requestSchema,
            },
          },
        },
      },
    },
    (_request, reply) => {
      hub.reserve();
      reply.hijack();
      reply.raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      const stop = hub.add(reply.raw);
      reply.raw.on('error', stop);
      reply.raw.on('close', stop);
    },
  );
}
