/**
 * How long a decision takes to reach the database: from the approver's call to the statement's first byte
 * upstream, as a relay before the database sees it, with 200 sessions waiting. Everything runs in this one
 * process, clients and relay too, so what is measured is more than what Postern takes.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostern, type Postern } from '../../src/app.ts';
import { makeVerifier } from '../../src/wire/scram.ts';
import { startHarness, type Harness } from '../e2e/harness.ts';

const WAITING = 200;
const DECISIONS = 60;
/** What is promised on a machine of one's own. In ms. */
const PROMISED_MS = 10;
/** So much more than a bare call of the API may it take where others work beside us. */
const ROBUST = 12;

let harness: Harness;
before(async () => {
  harness = await startHarness({ connections: 300 });
});
after(() => harness.stop());

/** Calls `seen` for each piece of bytes on its way to the database. */
async function relay(port: number, seen: (bytes: Buffer) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, (from) => {
    const to = connect({ port, host: '127.0.0.1', noDelay: true });
    from.on('data', seen);
    from.pipe(to).pipe(from);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on('error', () => undefined).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function postern(name: string, upstreamPort: number): Promise<Postern> {
  const { port, user, password } = harness.server;
  const login = `user: ${user}, password: { inline: '${password}' }`;
  const store =
    name === 'sqlite'
      ? '{ file: latency.db }'
      : `{ postgres: { host: 127.0.0.1, port: ${port}, database: postern_store, ${login} } }`;
  const base = (await readFile(join(harness.folder, 'postern.yaml'), 'utf8'))
    .replaceAll(`port: ${port}\n`, `port: ${upstreamPort}\n`)
    .replace(/^store:.*$/m, `store: ${store}`)
    .replace(/^trail:.*$/m, `trail: { folder: trail-${name} }`)
    .replace(/^limits: \{/m, 'limits: { maxPendingRequestsPerAgent: 1000, ');
  const configFile = join(harness.folder, `${name}.yaml`);
  await writeFile(configFile, base);
  const started = await startPostern({ configFile, log: 'silent' });
  const verifier = await makeVerifier('p-w', { salt: randomBytes(16), iterations: 4096 });
  const agent = { name: 'waiter', owner: 'olga', groups: [], databases: ['*'], login: 'default', verifier };
  await started.agents.add(agent, 'test');
  return started;
}

/** Sessions whose statements all wait; resolves to request ids by the name in each statement. */
async function waiting(t: TestContext, front: Postern): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (let first = 0; first < WAITING; first += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const name = `nothing_${first + n}_`;
        const { agentPort: port } = front;
        const client = new pg.Client({
          host: '127.0.0.1',
          port,
          user: 'waiter',
          password: 'p-w',
          database: 'shop',
        });
        client.on('error', () => undefined);
        t.after(() => client.end().catch(() => undefined));
        await client.connect();
        await new Promise<void>((asked) => {
          client.on('notice', ({ message }) => {
            const id = /request (\w{4}-\w{4})/.exec(message ?? '')?.[1];
            if (id === undefined) return;
            ids.set(name, id);
            asked();
          });
          client.query(`drop table if exists ${name}`).catch(() => undefined);
        });
      }),
    );
  }
  return ids;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity;
}

for (const name of ['sqlite', 'postgres']) {
  test(`${name}: an approval reaches the database at once, with ${WAITING} waiting`, async (t) => {
    if (name === 'postgres') await (await harness.direct()).query('create database postern_store');
    const arrivals = new Map<string, number>();
    const shim = await relay(harness.server.port, (bytes) => {
      const [, found] = /drop table if exists (nothing_\d+_)/.exec(bytes.toString('latin1')) ?? [];
      if (found !== undefined && !arrivals.has(found)) arrivals.set(found, performance.now());
    });
    t.after(() => shim.close());
    const front = await postern(name, (shim.address() as AddressInfo).port);
    t.after(() => front.stop());
    const ids = await waiting(t, front);
    assert.equal(ids.size, WAITING);
    assert.equal(arrivals.size, 0, 'nothing has gone ahead');
    const call = async (path: string, body?: string): Promise<void> => {
      const answer = await fetch(`http://127.0.0.1:${front.apiPort}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${harness.token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      });
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
    };
    const bare: number[] = [];
    const fromCall: number[] = [];
    const fromAnswer: number[] = [];
    for (const [statement, id] of [...ids].slice(0, DECISIONS)) {
      const lookedAt = performance.now();
      await call(`/v1/requests/${id}`);
      const calledAt = performance.now();
      bare.push(calledAt - lookedAt);
      await call(`/v1/requests/${id}/approve`, '{"reason":"fine"}');
      const answeredAt = performance.now();
      while (!arrivals.has(statement)) await sleep(1);
      const arrivedAt = arrivals.get(statement) ?? Infinity;
      fromCall.push(arrivedAt - calledAt);
      fromAnswer.push(Math.max(0, arrivedAt - answeredAt));
    }
    const figures = { fromCall: median(fromCall), fromAnswer: median(fromAnswer), bareCall: median(bare) };
    t.diagnostic(`medians in ms: ${JSON.stringify(figures)}`);
    assert.equal(arrivals.size, DECISIONS, 'nobody else was let through');
    assert.ok(figures.fromAnswer < Math.max(PROMISED_MS, ROBUST * figures.bareCall), JSON.stringify(figures));
    assert.ok(
      figures.fromCall < Math.max(10 * PROMISED_MS, 3 * ROBUST * figures.bareCall),
      JSON.stringify(figures),
    );
  });
}
