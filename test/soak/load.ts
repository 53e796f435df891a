/** What agents do to Postern all at once, in a soak: each way in a loop of its own until the time is up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '../bench/connection.ts';
import { SMALL_SQL } from '../bench/job.ts';
import { copyDone, copyRows, execute, executeOnce, pipeline, prepare, query } from '../bench/messages.ts';
import type { Stage } from '../bench/stage.ts';
import { cancel, codesIn, query as rawQuery, RawClient } from '../e2e/raw-client.ts';

const STATEMENT = 'soak';
const BURST_MS = 200;
const PAUSE_MS = 50;
const CANCEL_AGAIN_MS = 2000;
/** Names of tables come again, so that what is remembered by text has its size before growth is looked for. */
const NAMES = 40;
const BIG = 'select id, name, email, city, amount, created_at from wide';

/** How often each way came to its end. */
export type Done = Record<string, number>;

type Way = (stage: Stage, turn: number) => Promise<void>;

export async function mixedLoad(stage: Stage, untilMs: number, done: Done): Promise<void> {
  const loops = Object.entries(WAYS).map(async ([name, way]) => {
    done[name] = 0;
    for (let turn = 0; performance.now() < untilMs; turn += 1) {
      await way(stage, turn);
      done[name] += 1;
      await sleep(PAUSE_MS);
    }
  });
  await Promise.all([...loops, approve(stage, untilMs)]);
}

/** A session that lives for one burst of small statements. */
function burst(next: (turn: number) => () => Buffer): Way {
  return async ({ url }, turn) => {
    const connection = await Connection.open(url, turn % 2 === 1);
    await connection.send(prepare(STATEMENT, `${SMALL_SQL}$1`));
    await connection.hammer(next(turn), performance.now() + BURST_MS);
    await connection.close();
  };
}

async function one(url: string, work: (connection: Connection) => Promise<void>): Promise<void> {
  const connection = await Connection.open(url, false);
  await work(connection);
  await connection.close();
}

function raw({ url }: Stage): Promise<RawClient> {
  const { port, username: user, password, pathname } = new URL(url);
  return RawClient.connect({ port: Number(port), user, password, database: pathname.slice(1) });
}

let literal = 0;

const WAYS: Readonly<Record<string, Way>> = {
  seen: burst(() => {
    let id = 0;
    return () => query(`${SMALL_SQL}${(id = (id + 1) % 100)}`);
  }),
  unseen: burst(() => () => query(`${SMALL_SQL}1 and balance > -${(literal += 1)}`)),
  prepared: burst(() => () => execute(STATEMENT, '7')),
  pipelined: burst(() => () => pipeline(STATEMENT, ['1', '2', '3', '4', '5'])),
  'big result': ({ url }, turn) =>
    one(url, (connection) => connection.send(turn % 2 === 0 ? query(BIG) : executeOnce(BIG))),
  'copy out': ({ url }) =>
    one(url, (connection) => connection.send(query('copy wide (id, email) to stdout'))),
  'copy in': ({ url }) =>
    one(url, async (connection) => {
      await connection.send(query('begin'));
      connection.start(query('copy sink from stdin'), nothing, nothing);
      await connection.send(Buffer.concat([copyRows(20_000), copyDone()]));
      await connection.send(query('rollback'));
    }),
  approved: ({ url }, turn) =>
    one(url, (connection) => connection.send(query(`drop table if exists nothing_${turn % NAMES}`))),
  abandoned: async ({ url }, turn) => {
    const connection = await Connection.open(url, false);
    connection.start(query(`drop table if exists abandoned_${turn % NAMES}`), nothing, nothing);
    await sleep(50);
    connection.destroy();
  },
  cancelled: async (stage) => {
    const client = await raw(stage);
    client.send(rawQuery('select pg_sleep(20)'));
    await sleep(100);
    const port = Number(new URL(stage.url).port);
    await cancel(port, client.key);
    // One that outruns its statement comes to nothing, as with the server itself: people press Ctrl-C again.
    const again = setInterval(() => void cancel(port, client.key).catch(nothing), CANCEL_AGAIN_MS);
    const answer = await client.until('Z').finally(() => clearInterval(again));
    const codes = codesIn(answer);
    client.destroy();
    if (codes[0] !== '57014') throw new Error(`a cancelled statement ended with ${codes.join()}`);
  },
  disconnected: async ({ url }) => {
    const connection = await Connection.open(url, false);
    connection.start(query(BIG), nothing, nothing);
    await sleep(20);
    connection.destroy();
  },
};

function nothing(): void {}

async function approve({ apiPort, token }: Stage, untilMs: number): Promise<void> {
  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${apiPort}/v1/requests${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });
  // A second longer than the load, so that its last held statement is answered too.
  while (performance.now() < untilMs + 2000) {
    const { requests } = (await (await call('?state=pending')).json()) as {
      requests: readonly { id: string; statement: string }[];
    };
    for (const { id, statement } of requests) {
      if (statement.includes('abandoned')) continue;
      const answer = await call(`/${id}/approve`, {
        method: 'POST',
        body: JSON.stringify({ reason: 'soak' }),
      });
      await answer.arrayBuffer();
    }
    await sleep(100);
  }
}
