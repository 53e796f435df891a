/** The event stream: every transition of every request, as it becomes durable. */
import type { FastifyInstance } from 'fastify';
import { callerOf } from '../caller.ts';
import type { RouteFacts } from '../deps.ts';
import type { EventHub } from '../event-hub.ts';
import { requestSchema } from '../schemas.ts';

export function eventRoutes(app: FastifyInstance, hub: EventHub): void {
  app.get('/v1/events', { config: { facts } }, (request, reply) => {
    const { name, expiresAtMs } = callerOf(request);
    hub.reserve(name);
    const lastEventId = request.headers['last-event-id'];
    const headers = reply.getHeaders();
    reply.hijack();
    reply.raw.writeHead(200, {
      ...(headers as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    const stop = hub.add(reply.raw, {
      caller: name,
      expiresAtMs,
      lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
    });
    reply.raw.on('error', stop);
    reply.raw.on('close', stop);
  });
}

const facts: RouteFacts = {
  summary: 'Follow requests as server-sent events; `Last-Event-ID` resumes',
  roles: ['approver', 'operator', 'auditor'],
  responses: {
    200: {
      description:
        "`snapshot` names what is pending, then comes a `request` for each, then `live`; from there on a `request` for each transition. A `request`'s data is a request as JSON, a `grant`'s a grant that was made or has ended",
      type: 'text/event-stream',
      schema: requestSchema,
    },
  },
};
