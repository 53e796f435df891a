/**
 * `npm run bench:session [-- rounds]`: what one session costs by itself, in microseconds a statement: both sides
 * of it, the gate and the trail's queue, between two sockets that are none. Repeatable on a busy machine, for the
 * best round counts and no other process takes part.
 *
 * Non-goals: sockets, wake-ups, the trail's disk: `npm run bench` measures all of it together.
 */
import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { pino } from 'pino';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { Unread } from '../../src/catalog/unread.ts';
import { DEFAULT_LIMITS } from '../../src/config/defaults.ts';
import { parseRules } from '../../src/config/rules-file.ts';
import { Gate } from '../../src/gate/gate.ts';
import { Judge } from '../../src/gate/judge.ts';
import { Session } from '../../src/session/session.ts';
import { loadParser } from '../../src/sql/parser.ts';
import { BIND_COMPLETE, PARSE_COMPLETE } from '../../src/wire/server/bare.ts';
import { encodeCommandComplete } from '../../src/wire/server/command-complete.ts';
import { encodeDataRow } from '../../src/wire/server/data-row.ts';
import { encodeReadyForQuery } from '../../src/wire/server/ready-for-query.ts';
import { encodeRowDescription } from '../../src/wire/server/row-description.ts';
import { snapshotOf } from '../policy/build.ts';
import { PIPELINE, SMALL_SQL } from './job.ts';
import { execute, pipeline, prepare, query } from './messages.ts';

const rounds = Number(process.argv[2] ?? 15);
const STATEMENTS = 20_000;
/** More than a judge remembers, so that none is met again before it is forgotten. */
const NEVER_SEEN = 20_000;
const MASKS = `masks: [{ name: mail, columns: [public.small.email], with: { partial: { keepLast: 4 } } }]`;

/** One end of a session: what is written is counted and dropped. */
class End extends EventEmitter {
  readonly writable = true;
  readonly destroyed = false;
  readonly writableLength = 0;
  written = 0;
  onWrite: (bytes: Buffer) => void = () => undefined;

  write(bytes: Buffer): boolean {
    this.written += bytes.length;
    this.onWrite(bytes);
    return true;
  }

  isPaused(): boolean {
    return false;
  }

  pause(): void {}
  resume(): void {}
  cork(): void {}
  uncork(): void {}
  end(): void {}
  destroy(): void {}
}

const snapshot = snapshotOf({ 'public.small': { columns: ['id', 'email', 'balance'] } });
const small = [...snapshot.relations.values()].find(({ name }) => name === 'small');
if (small === undefined) throw new Error('the bench has no table');

const DESCRIPTION = encodeRowDescription(
  small.columns.map(({ name, attnum, typeOid }) => ({
    name,
    tableOid: small.oid,
    attnum,
    typeOid,
    typeSize: -1,
    typeModifier: -1,
    format: 0,
  })),
);
const ROW = encodeDataRow(['1234', 'person1234@example.com', '1234']);
const DONE = encodeCommandComplete('SELECT 1');
const READY = encodeReadyForQuery('I');

/** What the server says to one message of the client's, as far as the ones here go. */
function answer(bytes: Buffer): Buffer {
  const said: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    const type = String.fromCharCode(bytes[at] ?? 0);
    if (type === 'Q') said.push(DESCRIPTION, ROW, DONE, READY);
    else if (type === 'P') said.push(PARSE_COMPLETE);
    else if (type === 'B') said.push(BIND_COMPLETE);
    else if (type === 'D') said.push(DESCRIPTION);
    else if (type === 'E') said.push(ROW, DONE);
    else if (type === 'S') said.push(READY);
  }
  return Buffer.concat(said);
}

function start(rules: string): { client: End; upstream: End; session: Session } {
  const reading = parseRules(Buffer.from(`version: 1\n${rules}\n`), 'rules.yaml');
  if (reading.kind !== 'ok') throw new Error('the rules are wrong');
  const judge = new Judge(
    { name: 'bot', owner: 'olga', groups: [] },
    { database: 'postgres', environment: 'bench' },
    { rules: () => reading.rules, snapshot: () => snapshot },
    { maxStatementBytes: 1_000_000, statementCacheEntries: 1000 },
  );
  const trail = { room: () => undefined, note: () => undefined, record: () => Promise.resolve() };
  const never = (): never => {
    throw new Error('nothing is held here');
  };
  const gate = new Gate(judge, { sessionId: 's', owner: 'olga', role: 'app', recordFirst: false }, trail, {
    ask: never,
  } as never);
  const [client, upstream] = [new End(), new End()];
  const session = new Session({
    client: client as unknown as Duplex,
    upstream: upstream as unknown as Duplex,
    gate,
    catalog: { unread: new Unread(), refreshSoon: () => undefined } as unknown as Catalog,
    maskKey: Buffer.alloc(32, 1),
    limits: DEFAULT_LIMITS,
    upstreamPid: 1,
    startSettings: new Map(),
    rowAccount: never,
    log: pino({ level: 'silent' }),
    sessionId: 's',
    grants: { any: false, active: [], use: never, voided: never },
    followReads: () => undefined,
    upstreamAnswered: () => undefined,
    cancelUpstream: () => Promise.resolve(),
    onClosed: (reason) => {
      throw new Error(`the session ended: ${reason}`);
    },
  });
  session.start(Buffer.alloc(0), Buffer.alloc(0));
  return { client, upstream, session };
}

type Case = { readonly name: string; readonly messages: readonly Buffer[]; readonly each: number };

const CASES: readonly Case[] = [
  { name: 'simple', messages: Array.from({ length: 64 }, (_, i) => query(SMALL_SQL + i)), each: 1 },
  {
    name: 'never-seen text',
    messages: Array.from({ length: NEVER_SEEN }, (_, i) => query(SMALL_SQL + (i + 1000))),
    each: 1,
  },
  { name: 'prepared', messages: Array.from({ length: 64 }, (_, i) => execute('one', String(i))), each: 1 },
  {
    name: 'pipelined',
    messages: [
      pipeline(
        'one',
        Array.from({ length: PIPELINE }, (_, i) => String(i)),
      ),
    ],
    each: PIPELINE,
  },
];

/** Microseconds a statement, in the best round; answers are made beforehand, by what the session sends upstream. */
function measure({ messages, each }: Case, rules: string): number {
  const { client, upstream } = start(rules);
  const answers = new Map<string, Buffer>();
  let pending: Buffer = READY;
  upstream.onWrite = (bytes) => {
    const key = bytes.toString('latin1');
    let known = answers.get(key);
    if (known === undefined) answers.set(key, (known = answer(bytes)));
    pending = known;
  };
  const send = (message: Buffer): void => {
    client.emit('data', message);
    upstream.emit('data', Buffer.from(pending));
  };
  send(prepare('one', `${SMALL_SQL}$1`));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const from = process.cpuUsage();
    for (let i = 0; i < STATEMENTS / each; i += 1) send(messages[i % messages.length] ?? READY);
    const { user, system } = process.cpuUsage(from);
    best = Math.min(best, (user + system) / STATEMENTS);
  }
  return best;
}

await loadParser();
for (const one of CASES) {
  const [open, masks] = [measure(one, ''), measure(one, MASKS)];
  console.log(`${one.name}: ${open.toFixed(2)} us without masks, ${masks.toFixed(2)} us with`);
}
