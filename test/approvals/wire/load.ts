/**
 * The load of a campaign of crashes: agents whose writes are all held, who wait or come again, cancel, hang up
 * or stay, and a robot that approves most of it and denies some. Every write has a name of its own (an alias,
 * which survives where literals are removed), and what each side was told is kept for the reckoning.
 * Invariant: nobody here waits for ever; who hangs is found out.
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { encodeCancelRequest } from '../../../src/wire/startup.ts';
import { AGENTS, APPROVERS, PASSWORD, type Instance, type Stage } from './stage.ts';

export type Attempt = {
  readonly marker: string;
  /** The database's own answer came: it ran, and is committed. */
  acknowledged: boolean;
  /** Ids of requests that the agent was told are denied. */
  readonly denied: string[];
  /** Nothing came for longer than anything may take. */
  hung: boolean;
};

export type Told = { readonly id: string; readonly approver: string; readonly decision: 'approve' | 'deny' };

export type Load = {
  readonly attempts: readonly Attempt[];
  /** Decisions that the API answered with 200. */
  readonly told: readonly Told[];
  /** How many writes were acknowledged so far. */
  acknowledged(): number;
  stop(): Promise<void>;
};

/** A request lives 8 s here, and a cut connection is noticed at once. */
const HUNG_MS = 25_000;
const SESSIONS_EACH = 2;

export type Random = () => number;

export function startLoad(stage: Stage, random: Random): Load {
  const attempts: Attempt[] = [];
  const told: Told[] = [];
  let stopping = false;
  let count = 0;
  const isOver = (): boolean => stopping;
  const agentLoop = async (agent: string, first: number): Promise<void> => {
    for (let turn = first; !isOver(); turn += 1) {
      const instance = stage.instances[turn % stage.instances.length];
      if (instance === undefined) return;
      count += 1;
      const attempt: Attempt = { marker: `w${count}`, acknowledged: false, denied: [], hung: false };
      attempts.push(attempt);
      await write({ agent, instance, attempt, random, isOver }).catch(() => undefined);
    }
  };
  let allGone = false;
  const isLast = (): boolean => allGone;
  const robotLoop = async (instance: Instance): Promise<void> => {
    while (!isLast()) {
      // At the end nobody is left waiting for what nobody decides.
      await robot(stage, instance, isOver() ? () => 1 : random, told).catch(() => undefined);
      await sleep(15);
    }
  };
  const agents = AGENTS.flatMap((agent) =>
    Array.from({ length: SESSIONS_EACH }, (_, n) => agentLoop(agent, n)),
  );
  const robots = stage.instances.map(robotLoop);
  return {
    attempts,
    told,
    acknowledged: () => attempts.filter((one) => one.acknowledged).length,
    async stop() {
      stopping = true;
      await Promise.all(agents);
      allGone = true;
      await Promise.all(robots);
    },
  };
}

type Writing = {
  readonly agent: string;
  readonly instance: Instance;
  readonly attempt: Attempt;
  readonly random: Random;
  readonly isOver: () => boolean;
};

/** One write in one of its ways, and again where it came back unanswered. */
async function write({ agent, instance, attempt, random, isOver }: Writing): Promise<void> {
  const table = random() < 0.8 ? 'ledger' : 'vault';
  const how = {
    extended: random() < 0.4,
    transaction: random() < 0.2,
    returns: random() < 0.35,
    leaves: random() < 0.15 ? (random() < 0.7 ? 'cancel' : 'hang up') : 'stays',
    leavesAfterMs: random() * 150,
  };
  const name = attempt.marker;
  const text = `insert into ${table} as ${name} (marker) values (${how.extended ? '$1' : `'${name}'`})`;
  for (let tries = 0; tries < 25 && !isOver(); tries += 1) {
    const client = await connected(agent, instance, isOver);
    if (client === null) return;
    try {
      if (how.returns) await client.query("set postern.hold = 'return'");
      if (how.transaction) await client.query('begin');
      const answer = client.query(text, how.extended ? [name] : undefined);
      const leaving = how.leaves === 'stays' ? null : leave(client, instance, how.leaves, how.leavesAfterMs);
      const result = await bounded(answer, attempt);
      await leaving;
      if (how.transaction) await bounded(client.query('commit'), attempt);
      attempt.acknowledged = result.rowCount === 1;
      return;
    } catch (error) {
      if (!comesAgain(error, attempt, how.returns)) return;
    } finally {
      streamOf(client).destroy();
    }
    await sleep(20 + random() * 80);
  }
}

/** Whether the same text is sent once more. Whatever was denied is not. */
function comesAgain(error: unknown, attempt: Attempt, returns: boolean): boolean {
  const { message, code } = error as { message: string; code?: string };
  const denied = /request (\S{9}) (?:was|is) denied/.exec(message);
  if (denied !== null) attempt.denied.push(denied[1] ?? '');
  return returns && !attempt.hung && (code === '55P03' || code === undefined || code === '57P02');
}

async function bounded<T>(answer: Promise<T>, attempt: Attempt): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      attempt.hung = true;
      reject(new Error('nothing came'));
    }, HUNG_MS);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function connected(
  agent: string,
  { agentPort }: Instance,
  isOver: () => boolean,
): Promise<pg.Client | null> {
  while (!isOver()) {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: agentPort,
      user: agent,
      password: PASSWORD,
      database: 'shop',
      connectionTimeoutMillis: 10_000,
    });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch {
      streamOf(client).destroy();
      await sleep(25);
    }
  }
  return null;
}

async function leave(client: pg.Client, instance: Instance, how: string, afterMs: number): Promise<void> {
  await sleep(afterMs);
  if (how === 'hang up') {
    streamOf(client).destroy();
    return;
  }
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
  const key = Buffer.alloc(4);
  key.writeInt32BE(secretKey);
  await new Promise<void>((resolve) => {
    const socket = connect(instance.agentPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    socket.end(encodeCancelRequest(processID, key));
  });
}

function streamOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}

type Pending = { readonly id: string; readonly quorum: number; readonly statement: string };

/** Looks at what is pending and decides most of it: approves, by one or both, denies, or leaves it. */
async function robot(stage: Stage, instance: Instance, random: Random, told: Told[]): Promise<void> {
  const call = (approver: (typeof APPROVERS)[number], path: string, body?: object): Promise<Response> =>
    fetch(`http://127.0.0.1:${instance.apiPort}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${stage.token(approver)}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const { requests } = (await (await call('dana', '/v1/requests?state=pending')).json()) as {
    requests: readonly Pending[];
  };
  const decide = async (id: string, approver: (typeof APPROVERS)[number], decision: Told['decision']) => {
    const answer = await call(approver, `/v1/requests/${id}/${decision}`, { reason: 'by the robot' });
    await answer.arrayBuffer();
    if (answer.status === 200) told.push({ id, approver, decision });
  };
  await Promise.all(
    requests.map(async ({ id }) => {
      const chance = random();
      if (chance < 0.2) return;
      if (chance < 0.28) return decide(id, 'cleo', 'deny');
      // Both say yes to everything; what wants only one is decided by whoever is first.
      await Promise.allSettled(APPROVERS.map((approver) => decide(id, approver, 'approve')));
    }),
  );
}
