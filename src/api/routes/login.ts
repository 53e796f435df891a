/** Where to sign in: what a client needs to know before it has any token. Nothing here is secret. */
import type { FastifyInstance } from 'fastify';
import type { ApiDeps, RouteFacts } from '../deps.ts';

/** What the CLI is told. `token` says which of the provider's tokens is meant for us. */
export type LoginView = {
  readonly oidc: {
    readonly issuer: string;
    readonly clientId: string;
    readonly scope: string;
    readonly audience: readonly string[];
    readonly token: 'id' | 'access';
  } | null;
};

export function loginRoutes(app: FastifyInstance, { oidc }: ApiDeps): void {
  const view: LoginView =
    oidc === null
      ? { oidc: null }
      : {
          oidc: {
            issuer: oidc.issuer,
            clientId: oidc.clientId,
            scope: oidc.scope,
            audience: oidc.audience,
            token: oidc.audience.includes(oidc.clientId) ? 'id' : 'access',
          },
        };
  app.get('/v1/login', { config: { facts } }, async () => view);
}

const text = { type: 'string' } as const;

const facts: RouteFacts = {
  summary: 'How people sign in',
  roles: 'anyone',
  responses: {
    200: {
      description: '`oidc` is null where only tokens of postern.yaml are taken',
      schema: {
        type: 'object',
        additionalProperties: false,
        required: ['oidc'],
        properties: {
          oidc: {
            type: ['object', 'null'],
            additionalProperties: false,
            required: ['issuer', 'clientId', 'scope', 'audience', 'token'],
            properties: {
              issuer: text,
              clientId: text,
              scope: text,
              audience: { type: 'array', items: text },
              token: { enum: ['id', 'access'] },
            },
          },
        },
      },
    },
  },
};
