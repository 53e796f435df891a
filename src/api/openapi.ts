/** The OpenAPI 3.1 document, made from the same schemas and facts that the routes are served by. */
import type { RouteOptions } from 'fastify';
import type { RouteFacts } from './deps.ts';
import { errorSchema } from './schemas.ts';

type Schemas = { params?: ObjectSchema; querystring?: ObjectSchema; body?: object };
type ObjectSchema = { required?: readonly string[]; properties?: Readonly<Record<string, object>> };

/** One route as it was registered. */
export type Registered = {
  readonly method: string;
  readonly url: string;
  readonly facts: RouteFacts;
  readonly schema: Schemas;
};

/** @throws Error when a route was written without its facts: every route is documented or there is no API. */
export function registered(route: RouteOptions): Registered {
  const facts = route.config?.facts;
  if (facts === undefined || typeof route.method !== 'string')
    throw new Error(`route ${route.url} has no facts`);
  return { method: route.method, url: route.url, facts, schema: (route.schema ?? {}) as Schemas };
}

export function openapi(routes: readonly Registered[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postern',
      version,
      description: 'Requests, decisions, agents and the trail. Refusals are listed in docs/errors.md.',
    },
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: "An approver's token, or a JWT of the configured identity provider",
        },
      },
      schemas: { Error: errorSchema },
    },
    paths,
  };
}

function operation(route: Registered): object {
  const { facts, schema } = route;
  const responses: Record<string, object> = {};
  for (const [status, response] of Object.entries(facts.responses)) {
    responses[status] = {
      description: response.description,
      content: { [response.type ?? 'application/json']: { schema: response.schema ?? {} } },
    };
  }
  responses['default'] = {
    description: 'A refusal',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  return {
    summary: facts.summary,
    ...(facts.roles === 'anyone'
      ? { security: [] }
      : { security: [{ token: [] }], description: `Needs one of the roles: ${facts.roles.join(', ')}.` }),
    parameters: [...parameters('path', schema.params), ...parameters('query', schema.querystring)],
    ...(schema.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schema.body } } },
        }),
    responses,
  };
}

function parameters(place: 'path' | 'query', schema: ObjectSchema | undefined): object[] {
  return Object.entries(schema?.properties ?? {}).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || (schema?.required ?? []).includes(name),
    schema: one,
  }));
}
