/**
 * What a link in a chat message opens: how to look at the request and answer it. It says nothing of the request,
 * not even whether there is one, so it needs no token and a forwarded link gives nothing away.
 */
import type { FastifyInstance } from 'fastify';
import type { RouteFacts } from '../deps.ts';
import { idParams } from '../schemas.ts';
import { wholeId } from '../whole-id.ts';

export function linkRoutes(app: FastifyInstance): void {
  app.get<{ Params: { id: string } }>(
    '/requests/:id',
    { schema: { params: idParams }, config: { facts } },
    async (request, reply) => {
      const id = wholeId(request.params.id, 'this page');
      return reply.type('text/plain; charset=utf-8').send(pageOf(id));
    },
  );
}

const facts: RouteFacts = {
  summary: 'Where a link in a message leads: the commands that show and answer the request',
  roles: 'anyone',
  // Chats link to the name by which people reach Postern, which is not the one that it listens on.
  signed: true,
  responses: { 200: { description: 'For people', schema: { type: 'string' }, type: 'text/plain' } },
};

function pageOf(id: string): string {
  return `An agent waits for an answer to request ${id}.

Look at it first:

    postern show ${id}

Then answer, with your reason. The agent is told it when you deny.

    postern approve ${id} --reason "…"
    postern deny ${id} --reason "…"

If postern does not know you on this machine: postern login
`;
}
