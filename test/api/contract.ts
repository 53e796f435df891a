/** Holds what goes over the wire against the OpenAPI document that the API itself serves. */
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import { request } from './support.ts';
import type { Answer, Bench, Person } from './support.ts';
import { TOKENS } from './support.ts';

type Media = { readonly schema: object };
type Operation = {
  readonly security?: readonly object[];
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, Media>> }>>;
};
export type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
};

export type Contract = {
  /** `METHOD /path/{with}/{names} status` of all that has been seen. */
  readonly seen: ReadonlySet<string>;
  readonly operations: readonly string[];
  /** Calls, and fails unless what went out and what came back are as documented. `fits: false`: what goes out must not be. */
  readonly call: (
    who: Person | null,
    method: string,
    path: string,
    body?: unknown,
    fits?: boolean,
  ) => Promise<Answer>;
};

export async function contract(house: Bench): Promise<Contract> {
  const document = (await house.call('ana', 'GET', '/v1/openapi.json')).body as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema({ $id: 'doc', components: document.components });
  const compiled = new Map<object, ValidateFunction>();
  const holds = (schema: object, value: unknown, what: string): string | null => {
    const resolved = JSON.parse(
      JSON.stringify(schema).replaceAll('"#/components', '"doc#/components'),
    ) as object;
    const validate = compiled.get(schema) ?? ajv.compile(resolved);
    compiled.set(schema, validate);
    return validate(value) ? null : `${what}: ${ajv.errorsText(validate.errors)} ${JSON.stringify(value)}`;
  };
  const seen = new Set<string>();
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );

  return {
    seen,
    operations,
    async call(who, method, path, body, fits = true) {
      const url = new URL(path, house.url);
      const template = templateOf(document, method, url.pathname);
      const operation = document.paths[template]?.[method.toLowerCase()];
      assert.ok(operation !== undefined, `${method} ${url.pathname} is not documented`);
      assert.equal(misfit(operation, template, url, body, holds) === null, fits, `${method} ${path}`);
      const authorization: Record<string, string> =
        who === null ? {} : { authorization: `Bearer ${TOKENS[who]}` };
      const answer = await request(house.url, authorization, method, path, body);
      const documented = operation.responses[answer.status] ?? operation.responses['default'];
      assert.ok(operation.responses[answer.status] !== undefined || answer.status >= 400, `${answer.status}`);
      const media = documented?.content['application/json'];
      assert.ok(media !== undefined, `${method} ${template} ${answer.status} has no schema`);
      assert.deepEqual(holds(media.schema, answer.body, `${method} ${template} ${answer.status}`), null);
      if (who === null && operation.security?.length !== 0) assert.equal(answer.status, 401);
      seen.add(`${method} ${template} ${answer.status}`);
      return answer;
    },
  };
}

function templateOf(document: Document, method: string, path: string): string {
  const fitting = Object.keys(document.paths).filter(
    (template) =>
      new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path) &&
      document.paths[template]?.[method.toLowerCase()] !== undefined,
  );
  // A path without names is meant before one with names.
  return fitting.toSorted((a, b) => a.split('{').length - b.split('{').length)[0] ?? '';
}

function misfit(
  operation: Operation,
  template: string,
  url: URL,
  body: unknown,
  holds: (schema: object, value: unknown, what: string) => string | null,
): string | null {
  const names = url.pathname.match(
    new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
  )?.groups;
  for (const [name] of url.searchParams)
    if (!operation.parameters.some((one) => one.in === 'query' && one.name === name)) return `?${name}`;
  for (const parameter of operation.parameters) {
    const value =
      parameter.in === 'path' ? names?.[parameter.name] : (url.searchParams.get(parameter.name) ?? undefined);
    if (value === undefined && parameter.required) return parameter.name;
    const wrong = value === undefined ? null : holds(parameter.schema, value, parameter.name);
    if (wrong !== null) return wrong;
  }
  const schema = operation.requestBody?.content['application/json']?.schema;
  if (schema === undefined) return body === undefined ? null : 'a body';
  return holds(schema, body ?? null, 'body');
}
