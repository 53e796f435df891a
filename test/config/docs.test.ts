import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { z } from 'zod';
import * as defaults from '../../src/config/defaults.ts';
import { installationSchema } from '../../src/config/installation-schema.ts';
import { rulesJsonSchema } from '../../src/config/json-schema.ts';
import { DEFAULT_VERDICTS, parseRules } from '../../src/config/rules-file.ts';
import { RESERVED, rulesSchema } from '../../src/config/rules-schema.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const rulesPage = read('docs/rules.md');
const configurationPage = read('docs/configuration.md');

/** Every key of a schema, however deep. */
function keysOf(schema: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(schema)) for (const one of schema) keysOf(one, found);
  else if (typeof schema === 'object' && schema !== null) {
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties') for (const name of Object.keys(value as object)) found.add(name);
      keysOf(value, found);
    }
  }
  return found;
}

test('every key of rules.yaml is in docs/rules.md', () => {
  const keys = keysOf(z.toJSONSchema(rulesSchema, { io: 'input', unrepresentable: 'any' }));
  assert.ok(keys.size > 30);
  for (const key of [...keys, ...Object.values(RESERVED).flat()])
    assert.match(rulesPage, new RegExp(`\\b${key}\\b`), key);
});

test('the defaults in docs/rules.md are the ones in force', () => {
  for (const [key, verdict] of Object.entries(DEFAULT_VERDICTS))
    assert.ok(rulesPage.includes(`| \`${key}\` | \`${verdict}\` |`), key);
});

test('every key of postern.yaml is in docs/configuration.md, limits with their defaults', () => {
  const keys = keysOf(z.toJSONSchema(installationSchema, { io: 'input', unrepresentable: 'any' }));
  assert.ok(keys.size > 30);
  for (const key of keys) assert.match(configurationPage, new RegExp(`\\b${key}\\b`), key);
  for (const [key, value] of Object.entries(defaults.DEFAULT_LIMITS))
    assert.ok(configurationPage.includes(`| \`${key}\` | \`${value}\` |`), key);
  for (const value of [
    defaults.DEFAULT_LISTEN_PORT,
    defaults.DEFAULT_API_PORT,
    defaults.DEFAULT_UPSTREAM_PORT,
    defaults.DEFAULT_RULES_FILE,
    defaults.DEFAULT_STORE_FILE,
    defaults.DEFAULT_TRAIL_FOLDER,
    defaults.DEFAULT_TRAIL_SYNC,
    defaults.DEFAULT_LOG_LEVEL,
  ]) {
    assert.ok(configurationPage.includes(`| \`${value}\` |`), String(value));
  }
  assert.equal(defaults.DEFAULT_SEGMENT_BYTES, 64 * 1024 ** 2);
});

test('the examples in the pages load', () => {
  const example = (page: string) => /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  assert.equal(parseRules(Buffer.from(example(rulesPage)), 'docs/rules.md').kind, 'ok');
  assert.match(example(configurationPage), /maskKey/);
});

test('rules.schema.json is what the code accepts', () => {
  assert.deepEqual(JSON.parse(read('fixtures/rules.schema.json')), rulesJsonSchema());
});
