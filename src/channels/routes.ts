/** The channels' part of the API: their state, a test message, and the address that Slack's clicks come to. */
import type { FastifyInstance } from 'fastify';
import type { Channels } from './channels.ts';
import { MAX_INTERACTION_BYTES } from './limits.ts';
import type { SlackInteractions } from './slack-interactions.ts';

export const SLACK_PATH = '/channels/slack/interactions';

const nameParams = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: { type: 'string', minLength: 1, maxLength: 100 } },
} as const;

const counted = (description: string) => ({ type: 'integer', description });
const statusSchema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    kind: { enum: ['slack', 'teams', 'webhook'] },
    delivered: counted('Messages that arrived'),
    failed: counted('Messages given up, or dropped because too many waited'),
    retried: counted('Further attempts made'),
    waiting: counted('Messages not yet delivered'),
  },
} as const;

export function channelRoutes(app: FastifyInstance, channels: Pick<Channels, 'list' | 'test'>): void {
  const listed = { type: 'object', properties: { channels: { type: 'array', items: statusSchema } } };
  app.get(
    '/v1/channels',
    {
      config: {
        facts: {
          summary: 'The channels of postern.yaml, and what arrived since the start',
          roles: ['operator'],
          responses: { 200: { description: 'All channels', schema: listed } },
        },
      },
    },
    async () => ({ channels: channels.list() }),
  );
  app.post<{ Params: { name: string } }>(
    '/v1/channels/:name/test',
    {
      schema: { params: nameParams },
      config: {
        facts: {
          summary: 'Send a test message',
          roles: ['operator'],
          responses: {
            200: {
              description: 'It arrived',
              schema: { type: 'object', properties: { name: { type: 'string' } } },
            },
          },
        },
      },
    },
    async (request) => {
      const { name } = request.params;
      await channels.test(name);
      return { name };
    },
  );
}

export function slackRoutes(app: FastifyInstance, interactions: Pick<SlackInteractions, 'handle'>): void {
  // A scope of its own: only here is a body kept as the bytes that were signed.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'buffer', bodyLimit: MAX_INTERACTION_BYTES },
      (_request, body, done) => done(null, body),
    );
    scope.post(
      SLACK_PATH,
      {
        bodyLimit: MAX_INTERACTION_BYTES,
        config: {
          facts: {
            summary: 'Clicks in Slack, signed by Slack',
            roles: 'anyone',
            signed: true,
            responses: { 200: { description: 'Taken', schema: { type: 'object' } } },
          },
        },
      },
      async (request, reply) => {
        const { body } = request;
        const answer = await interactions.handle({
          timestamp: oneOf(request.headers['x-slack-request-timestamp']),
          signature: oneOf(request.headers['x-slack-signature']),
          body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
        });
        return answer === null ? reply.code(200).send() : answer;
      },
    );
  });
}

function oneOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
