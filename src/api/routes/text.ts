/**
 * A held statement with its literals, for those whom rules.yaml names.
 *
 * Invariant (I8): nobody sees a literal unless `reveal` in the rules in force says so, and never before the look
 * is in the trail. The text is in memory only, of the Postern that holds the statement, while it is pending.
 */
import type { FastifyInstance } from 'fastify';
import { PosternError } from '../../errors.ts';
import { callerOf } from '../caller.ts';
import type { ApiDeps, RouteFacts } from '../deps.ts';
import { idParams } from '../schemas.ts';
import { wholeId } from '../whole-id.ts';

export function textRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.get<{ Params: { id: string } }>(
    '/v1/requests/:id/text',
    { schema: { params: idParams }, config: { facts } },
    async (request) => {
      const id = wholeId(request.params.id, 'seeing literals');
      const caller = callerOf(request);
      const reveal = deps.revealGroups();
      if (!caller.groups.some((group) => reveal.includes(group)))
        throw new PosternError('text-not-revealed', { who: caller.name });
      const text = await deps.textOf(id);
      if (text === null) throw new PosternError('text-not-kept', { id });
      await deps.trail.record({ kind: 'request_text_viewed', request_id: id, approver: caller.name });
      return { id, text };
    },
  );
}

const facts: RouteFacts = {
  summary: 'The statement of a pending request with its literals; each look is recorded',
  roles: ['approver'],
  responses: {
    200: {
      description:
        'Written by the agent: escape it before showing it. Values bound to parameters are not in it',
      schema: {
        type: 'object',
        required: ['id', 'text'],
        additionalProperties: false,
        properties: { id: { type: 'string' }, text: { type: 'string' } },
      },
    },
  },
};
