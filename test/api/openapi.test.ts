import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildApi } from '../../src/api/server.ts';
import { bench } from './support.ts';

const doc = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('every route is in the document, and in docs/api.md', async (t) => {
  const { call } = await bench(t);
  const { body } = await call('ana', 'GET', '/v1/openapi.json');
  assert.equal(body.openapi, '3.1.0');
  const app = buildApi({ approvers: [] } as never, {} as never);
  await app.ready();
  // Fastify's own list of what it serves: a witness that is not our hook.
  const served = routesOf(app.printRoutes({ commonPrefix: false }));
  assert.ok(served.length >= 15);
  const documented = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    documented.toSorted(),
    served.map((route) => route.replaceAll(/:(\w+)/g, '{$1}')).toSorted(),
  );
  const text = doc('api.md');
  for (const route of documented) assert.ok(text.includes(`\`${route}\``), `${route} is not in docs/api.md`);
});

test('the document says how to authenticate and what comes back', async (t) => {
  const { call } = await bench(t);
  const { paths, components } = (await call('audra', 'GET', '/v1/openapi.json')).body;
  assert.equal(components.securitySchemes.token.scheme, 'bearer');
  assert.deepEqual(paths['/healthz'].get.security, []);
  const approve = paths['/v1/requests/{id}/approve'].post;
  assert.deepEqual(approve.security, [{ token: [] }]);
  assert.deepEqual(
    approve.parameters.map((one: { name: string; in: string; required: boolean }) => [
      one.name,
      one.in,
      one.required,
    ]),
    [['id', 'path', true]],
  );
  assert.deepEqual(approve.requestBody.content['application/json'].schema.required, ['reason']);
  assert.ok(approve.responses.default);
});

/** `├── /v1/agents (GET, POST)` → GET and POST of it. Children are indented below the path they extend. */
function routesOf(tree: string): string[] {
  const routes: string[] = [];
  const path: string[] = [];
  for (const line of tree.split('\n')) {
    const found = /^((?:│ {3}| {4})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (found === null) continue;
    const depth = (found[1] ?? '').length / 4;
    path.length = depth;
    path.push(found[2] ?? '');
    for (const method of found[3]?.split(', ') ?? []) routes.push(`${method} ${path.join('')}`);
  }
  return routes;
}
