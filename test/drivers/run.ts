/**
 * `npm run test:drivers`: each driver's own program against PostgreSQL, through Postern, and through Postern
 * over TLS with rules that allow everything: the outputs must be the same bytes. Then once more with a mask
 * and two holds: no planted secret in what the program prints, one hold approved and one denied.
 *
 *   node test/drivers/run.ts [--postgres=14,18] [--driver=psql,pgx] [--keep=folder]
 *
 * Non-goals: speed (`test/bench`), and what the hostile do (`test/attacks`).
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MAJORS, majorOf } from '../../fixtures/postgres/majors.ts';
import type { Request } from '../../src/approvals/request.ts';
import { DRIVERS, type Command, type Driver } from './drivers.ts';
import { ALLOW_ALL, MASKED, openStage, SECRET, type Stage } from './stage.ts';

/** A program that hangs has failed; the slowest takes some 20 s. */
const PROGRAM_TIMEOUT_MS = 90_000;
/** What a shell script answers where a run does not apply to it. */
const NOT_APPLICABLE = 77;

type Way = 'direct' | 'plain' | 'tls';
type Ran = { readonly output: string; readonly status: number | null };
type Outcome = {
  readonly driver: string;
  readonly run: string;
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly detail: string;
};

const { values: options } = parseArgs({
  options: {
    postgres: { type: 'string', default: MAJORS.map(({ major }) => major).join() },
    driver: { type: 'string' },
    keep: { type: 'string' },
  },
});

function environment(stage: Stage, way: Way, mode: string): Record<string, string> {
  const { harness } = stage;
  const { server, postern } = harness;
  const direct = way === 'direct';
  const connection = {
    PGHOST: '127.0.0.1',
    PGPORT: String(direct ? server.port : postern.agentPort),
    PGUSER: direct ? server.user : 'bot',
    PGPASSWORD: direct ? server.password : harness.password,
    PGDATABASE: 'shop',
    PGSSLMODE: way === 'tls' ? 'require' : 'disable',
  };
  return {
    ...connection,
    MODE: mode,
    PGTZ: 'UTC',
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    PYTHONIOENCODING: 'utf-8',
    NODE_NO_WARNINGS: '1',
  };
}

function run(command: Command, env: Record<string, string>): Promise<Ran> {
  const [file = '', ...rest] = command.argv;
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      env: { PATH, HOME, ...command.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
    const timer = setTimeout(() => child.kill('SIGKILL'), PROGRAM_TIMEOUT_MS);
    child.on('error', (error) => (output += error.message));
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ output, status });
    });
  });
}

function keep(name: string, ran: Ran): void {
  if (options.keep === undefined) return;
  mkdirSync(options.keep, { recursive: true });
  writeFileSync(join(options.keep, `${name.replaceAll('/', '-')}.txt`), ran.output, 'latin1');
}

/** Hints that Postern adds to what the server would have said too: explained in docs/drivers.md. */
const ADDED_HINTS = [
  'HINT:  Nothing was sent to the database. Postern reads statements with the parser of PostgreSQL 18.',
  'HINT:  Prepare it in this session first.',
];

function withoutHints(output: string): string {
  return ADDED_HINTS.reduce(
    (text, hint) =>
      text
        .replaceAll(`${hint}\n`, '')
        .replaceAll(`\\n${hint}`, '')
        .replaceAll(`\n  ${hint.replace('HINT:  ', 'Hint: ')}`, ''),
    output,
  );
}

/** The first line that differs, with what each side had. */
function difference(expected: string, found: string): string {
  const [a, b] = [expected.split('\n'), found.split('\n')];
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at < 0 ? a.length : at;
  return `line ${line + 1}\n      direct:  ${(a[line] ?? '(end)').slice(0, 300)}\n      postern: ${(b[line] ?? '(end)').slice(0, 300)}`;
}

async function transparent(
  stage: Stage,
  driver: Driver,
  command: Command,
  major: string,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await stage.reset();
  const direct = await run(command, environment(stage, 'direct', 'all'));
  keep(`${major}-${driver.name}-direct`, direct);
  if (direct.status !== 0) {
    const detail = `the program fails without Postern: ${direct.output.slice(-500)}`;
    return [{ driver: driver.name, run: 'direct', kind: 'failed', detail }];
  }
  for (const way of ['plain', 'tls'] as const) {
    await stage.reset();
    const through = await run(command, environment(stage, way, 'all'));
    keep(`${major}-${driver.name}-${way}`, through);
    const found = withoutHints(through.output);
    const same = found === direct.output && through.status === 0;
    const detail = same ? `${direct.output.split('\n').length} lines` : difference(direct.output, found);
    outcomes.push({ driver: driver.name, run: way, kind: same ? 'passed' : 'failed', detail });
  }
  return outcomes;
}

/** Plays the approver until told to stop: `doomed` may be emptied, `doomed_too` may not. */
async function approve(stage: Stage, signal: AbortSignal): Promise<{ approved: number; denied: number }> {
  const { api, token } = stage.harness;
  const done = { approved: 0, denied: 0 };
  while (!signal.aborted) {
    const answer = await fetch(`${api}/v1/requests?state=pending`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { requests } = (await answer.json()) as { requests: readonly Request[] };
    for (const request of requests) {
      const decision = JSON.stringify(request).includes('doomed_too') ? 'deny' : 'approve';
      await stage.harness.decide(request.id, decision);
      if (decision === 'approve') done.approved += 1;
      else done.denied += 1;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  return done;
}

async function masked(stage: Stage, driver: Driver, command: Command, major: string): Promise<Outcome> {
  await stage.reset();
  const stop = new AbortController();
  const approver = approve(stage, stop.signal);
  const ran = await run(command, environment(stage, 'plain', 'masked'));
  stop.abort();
  const decided = await approver;
  keep(`${major}-${driver.name}-masked`, ran);
  const outcome = (kind: Outcome['kind'], detail: string): Outcome => ({
    driver: driver.name,
    run: 'masked',
    kind,
    detail,
  });
  if (ran.status === NOT_APPLICABLE) return outcome('skipped', 'nothing of its own to show under masks');
  const client = await stage.harness.direct();
  const { rows } = await client.query<{ doomed: number; too: number }>(
    'select (select count(*)::int from doomed) as doomed, (select count(*)::int from doomed_too) as too',
  );
  await client.end();
  const problems = [
    ...(ran.status === 0 ? [] : [`exit ${ran.status}: ${ran.output.slice(-400)}`]),
    ...(ran.output.toUpperCase().includes(SECRET.toUpperCase()) ? ['THE SECRET WAS SHOWN'] : []),
    ...(ran.output.includes('****') || ran.output.includes('2a2a2a2a') ? [] : ['no masked value was shown']),
    ...(decided.approved > 0 && decided.denied > 0 ? [] : [`decided: ${JSON.stringify(decided)}`]),
    ...(rows[0]?.doomed === 0 ? [] : ['the approved deletion did not happen']),
    ...(rows[0]?.too === 1 ? [] : ['the denied deletion happened']),
  ];
  return problems.length === 0
    ? outcome('passed', `${decided.approved} approved, ${decided.denied} denied`)
    : outcome('failed', problems.join('; '));
}

function report(major: string, outcome: Outcome): void {
  const mark = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' }[outcome.kind];
  console.log(
    `${mark} PostgreSQL ${major}  ${outcome.driver.padEnd(15)} ${outcome.run.padEnd(7)} ${outcome.detail}`,
  );
}

async function matrix(major: string, chosen: readonly Driver[]): Promise<Outcome[]> {
  const stage = await openStage(majorOf(Number(major)).module);
  const all: Outcome[] = [];
  const add = (outcomes: readonly Outcome[]): void => {
    for (const outcome of outcomes) report(major, outcome);
    all.push(...outcomes);
  };
  try {
    for (const driver of chosen) {
      const readiness = driver.prepare();
      const newest = driver.upTo?.() ?? Infinity;
      const why = readiness.kind === 'missing' ? readiness.why : `takes servers up to ${newest}`;
      if (readiness.kind === 'missing' || Number(major) > newest) {
        add([{ driver: driver.name, run: 'all', kind: 'skipped', detail: why }]);
        continue;
      }
      await stage.harness.writeRules(ALLOW_ALL);
      add(await transparent(stage, driver, readiness.command, major));
      await stage.harness.writeRules(MASKED);
      add([await masked(stage, driver, readiness.command, major)]);
    }
  } finally {
    await stage.stop();
  }
  return all;
}

const wanted = options.driver?.split(',');
const chosen = DRIVERS.filter(({ name }) => wanted === undefined || wanted.includes(name));
const outcomes: Outcome[] = [];
for (const major of options.postgres.split(',')) outcomes.push(...(await matrix(major, chosen)));
const count = (kind: Outcome['kind']): number => outcomes.filter((o) => o.kind === kind).length;
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
process.exitCode = count('failed') > 0 || count('passed') === 0 ? 1 : 0;
