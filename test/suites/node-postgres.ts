/**
 * node-postgres' own integration tests, each directly and through Postern with rules that allow everything. A
 * file is the same where it ends alike both times; one that fails directly too says nothing of Postern.
 *
 *   node test/suites/node-postgres.ts [part of a file's name ...]
 *
 * Its package on npm has no tests, so its repository is cloned into the suites' cache folder, and none of it is
 * kept here. POSTERN_NODE_POSTGRES names another repository to clone, a copy for instance. Non-goal: its unit
 * tests, which speak to no server.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ALLOW_ALL } from '../drivers/stage.ts';
import { startHarness, type Harness } from '../e2e/harness.ts';

const SOURCE = process.env['POSTERN_NODE_POSTGRES'] ?? 'https://github.com/brianc/node-postgres';
const CACHE = join(
  process.env['POSTERN_SUITES_CACHE'] ??
    join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'postern-suites'),
  'node-postgres',
);
/** What its tests need besides what the package itself does; the versions are those its repository names. */
const NEEDED = { async: '2.6.4', bluebird: '3.7.2', co: '4.6.0', 'pg-copy-streams': '0.3.0' };
/** The slowest takes some 10 s. */
const TEST_TIMEOUT_MS = 60_000;

/** Known differences: file → why. Printed, and no failure. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ['gh-issues/130-tests.js', 'it ends a session by psql in template1, which the agent may not use'],
]);

type Ran = { readonly status: number | null; readonly output: string };

/** The folder of the package with its tests and what it needs. @throws where it cannot be had */
function obtain(): string {
  const source = join(CACHE, 'source');
  const folder = join(CACHE, 'pg');
  mkdirSync(CACHE, { recursive: true });
  if (!existsSync(source)) must('git', ['clone', '--quiet', '--depth', '1', SOURCE, source], CACHE);
  if (!existsSync(join(folder, 'node_modules', 'co'))) {
    cpSync(join(source, 'packages', 'pg'), folder, { recursive: true });
    onlyNeeds(join(folder, 'package.json'));
    must('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--omit=peer'], folder);
  }
  return folder;
}

/** Its development needs a compiler, a bundler and a worker's runtime, which no test asks for. */
function onlyNeeds(file: string): void {
  const {
    devDependencies: _,
    dependencies,
    ...rest
  } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly dependencies: object;
    readonly devDependencies: object;
  };
  writeFileSync(file, JSON.stringify({ ...rest, dependencies: { ...dependencies, ...NEEDED } }, null, 2));
}

function must(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`);
}

function testFiles(folder: string, wanted: readonly string[]): readonly string[] {
  const all = readdirSync(join(folder, 'test', 'integration'), { recursive: true, encoding: 'utf8' });
  return all
    .filter((file) => file.endsWith('-tests.js'))
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .toSorted();
}

function run(folder: string, file: string, connection: Record<string, string>): Promise<Ran> {
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join('test', 'integration', file), 'postgres://'], {
    cwd: folder,
    env: { PATH, HOME, USER: 'postgres', ...connection },
    timeout: TEST_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', (status) => resolve({ status, output: Buffer.concat(chunks).toString() }));
  return promise;
}

function connectionTo(harness: Harness, way: 'direct' | 'postern'): Record<string, string> {
  const { server, postern } = harness;
  const direct = way === 'direct';
  return {
    PGHOST: '127.0.0.1',
    PGPORT: String(direct ? server.port : postern.agentPort),
    PGUSER: direct ? server.user : 'bot',
    PGPASSWORD: direct ? server.password : harness.password,
    PGDATABASE: 'shop',
    PGSSLMODE: 'disable',
  };
}

/** Names of tests that passed, for a file can end well and yet have passed over some. */
function passed({ output }: Ran): string {
  return output
    .split('\n')
    .filter((line) => line.includes('✔'))
    .map((line) => line.trim())
    .join('\n');
}

async function compare(folder: string, files: readonly string[], harness: Harness): Promise<number> {
  const count = { same: 0, known: 0, new: 0, both: 0 };
  for (const file of files) {
    const direct = await run(folder, file, connectionTo(harness, 'direct'));
    const postern = await run(folder, file, connectionTo(harness, 'postern'));
    const same = direct.status === postern.status && passed(direct) === passed(postern);
    if (same && direct.status === 0) count.same += 1;
    else if (same) {
      count.both += 1;
      console.log(`fails directly, too: ${file}`);
    } else if (KNOWN.has(file)) {
      count.known += 1;
      console.log(`differs (known): ${file}: ${KNOWN.get(file)}`);
    } else {
      count.new += 1;
      console.log(
        `differs (new): ${file}: exit ${direct.status} directly, ${postern.status} through Postern`,
      );
      console.log(postern.output.slice(-1500).replaceAll(/^/gm, '  '));
    }
  }
  console.log(
    `node-postgres: same ${count.same}, fails directly too ${count.both}, differs (known) ${count.known}, differs (new) ${count.new}`,
  );
  // Where nothing passes directly, nothing was compared.
  return count.same === 0 ? 1 : count.new;
}

async function main(): Promise<number> {
  let folder: string;
  try {
    folder = obtain();
  } catch (error) {
    console.log(
      `skipped: node-postgres' tests cannot be had: ${error instanceof Error ? error.message : ''}`,
    );
    return 0;
  }
  const files = testFiles(folder, process.argv.slice(2));
  const harness = await startHarness({ rules: ALLOW_ALL });
  try {
    return await compare(folder, files, harness);
  } finally {
    await harness.stop();
  }
}

process.exitCode = (await main()) > 0 ? 1 : 0;
