/** Proves that the lint configuration catches what the house forbids, by breaking the rules in a copy. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';

const root = fileURLToPath(new URL('../..', import.meta.url));
let house = '';

before(async () => {
  house = await mkdtemp(join(tmpdir(), 'postern-lint-'));
  await cp(join(root, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
});

after(async () => {
  await rm(house, { recursive: true, force: true });
});

/** The rules that oxlint says `source` breaks, were it at `file`. */
async function broken(file: string, source: string): Promise<string[]> {
  const path = join(house, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, source);
  const run = spawnSync(join(root, 'node_modules', '.bin', 'oxlint'), ['-f', 'json', file], {
    cwd: house,
    encoding: 'utf8',
  });
  await rm(path);
  assert.ok(run.stdout.trimStart().startsWith('{'), `oxlint did not run: ${run.stdout}${run.stderr}`);
  const report = JSON.parse(run.stdout) as { number_of_files: number; diagnostics: { code: string }[] };
  assert.equal(report.number_of_files, 1);
  return report.diagnostics.map((diagnostic) => diagnostic.code);
}

const uses = (specifier: string): string => `import { x } from '${specifier}';\nexport const y = x;\n`;
const IMPORT = 'eslint(no-restricted-imports)';
const GLOBAL = 'eslint(no-restricted-globals)';

const FORBIDDEN: readonly (readonly [file: string, specifier: string])[] = [
  ['src/wire/a.ts', '../sql/statement.ts'],
  ['src/wire/client/a.ts', '../../session/names.ts'],
  ['src/wire/a.ts', 'node:net'],
  ['src/wire/a.ts', 'fs'],
  ['src/sql/a.ts', 'node:fs/promises'],
  ['src/sql/a.ts', '../catalog/load.ts'],
  ['src/sql/a.ts', '../policy/rules.ts'],
  ['src/policy/a.ts', 'node:http'],
  ['src/policy/a.ts', '../gate/gate.ts'],
  ['src/masking/a.ts', '../audit/event.ts'],
  ['src/masking/functions/a.ts', '../../session/names.ts'],
  ['src/audit/a.ts', '../approvals/request.ts'],
  ['src/approvals/a.ts', '../gate/gate.ts'],
  ['src/gate/a.ts', '../session/names.ts'],
  ['src/session/a.ts', '../net/listener.ts'],
  ['src/net/a.ts', '../api/server.ts'],
  ['src/net/a.ts', '../app.ts'],
  ['src/api/a.ts', '../gate/gate.ts'],
  ['src/api/routes/a.ts', '../../session/names.ts'],
  ['src/cli/a.ts', '../session/names.ts'],
  ['src/net/a.ts', '../processes/siblings.ts'],
  ['src/session/a.ts', '../processes/siblings.ts'],
  ['src/api/a.ts', '../processes/siblings.ts'],
  ['src/processes/a.ts', '../net/listener.ts'],
  ['src/catalog/snapshot.ts', './load.ts'],
];

for (const [file, specifier] of FORBIDDEN) {
  test(`${file} may not import ${specifier}`, async () => {
    assert.deepEqual(await broken(file, uses(specifier)), [IMPORT]);
  });
}

const ALLOWED: readonly (readonly [file: string, specifier: string])[] = [
  ['src/sql/a.ts', '../catalog/snapshot.ts'],
  ['src/wire/a.ts', 'node:crypto'],
  ['src/policy/a.ts', '../sql/statement.ts'],
  ['src/gate/a.ts', '../approvals/request.ts'],
  ['src/session/a.ts', '../gate/gate.ts'],
  ['src/api/a.ts', '../approvals/request.ts'],
  ['src/wire/client/a.ts', '../../errors.ts'],
  ['src/app.ts', './net/listener.ts'],
  ['src/processes/a.ts', '../app.ts'],
];

for (const [file, specifier] of ALLOWED) {
  test(`${file} may import ${specifier}`, async () => {
    assert.deepEqual(await broken(file, uses(specifier)), []);
  });
}

for (const expression of ['process.env', 'Date.now()', 'performance.now()', 'fetch("x")']) {
  test(`the pure rooms may not use ${expression}`, async () => {
    for (const room of ['wire', 'sql', 'policy']) {
      assert.deepEqual(await broken(`src/${room}/a.ts`, `export const y = ${expression};\n`), [GLOBAL]);
    }
  });
}

test('a file over 350 lines and a function over 70 are caught', async () => {
  const lines = (count: number): string => 'export let n = 0;\n' + 'n += 1;\n'.repeat(count);
  assert.deepEqual(await broken('src/net/a.ts', lines(349)), []);
  assert.deepEqual(await broken('src/net/a.ts', lines(350)), ['eslint(max-lines)']);
  const long = `export function f(n: number): number {\n${'  n += 1;\n'.repeat(70)}  return n;\n}\n`;
  assert.deepEqual(await broken('src/net/a.ts', long), ['eslint(max-lines-per-function)']);
});
