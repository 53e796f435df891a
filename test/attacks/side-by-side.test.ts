/**
 * Sessions side by side, where the rules allow all but what masks forbid: while one reads, another replaces what it
 * reads by. Without Postern each of these delivers the secret; through it none may, whatever becomes of the answer.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFlush, encodeSync } from '../../src/wire/client/bare.ts';
import { encodeDescribe } from '../../src/wire/client/describe.ts';
import { encodeExecute } from '../../src/wire/client/execute.ts';
import { encodeParse } from '../../src/wire/client/parse.ts';
import { encodeQuery } from '../../src/wire/client/query.ts';
import { SECRET, startHarness, type Harness } from '../e2e/harness.ts';
import { detectorOf } from './detector.ts';
import { SCHEMA } from './schema.ts';
import { bind, WireClient } from './wire-client.ts';

const RULES = `version: 1
masks: [{ name: ssn, columns: ['*.ssn'], with: redact }]
defaults: { read: allow, write: allow, ddl: allow, code: allow, export: allow, session: allow, influence: allow }
`;

/** Reads nothing masked, so it is vouched for. The first look at `dept` is when the server hears of what is new. */
const GOOD = `create or replace function slow(n int) returns text language plpgsql stable as $$ declare t text; begin
  if n = 100000 then select title into t from dept where id = 1; end if;
  select 'fine' into t; return t; end $$`;
const BAD = `create or replace function slow(n int) returns text language plpgsql stable as $$ declare t text; begin
  select ssn into t from customers where id = 1; return t; end $$`;
const LOUD = `create or replace function slow(n int) returns text language plpgsql stable as $$ declare t text; begin
  select ssn into t from customers where id = 1; raise notice '%', t; return 'x'; end $$`;

type Sides = { readonly reader: WireClient; readonly other: WireClient };
/** How the reader reads by `slow`; `replace` makes it another meanwhile. */
type Race = (sides: Sides, replace: () => Promise<void>) => Promise<void>;

const MANY = "slow(i), repeat('x', 200) from generate_series(1, 150000) i";

/** A reader that takes nothing holds the server up in the middle of its answer. */
const slowly =
  (sql: string): Race =>
  async ({ reader }, replace) => {
    reader.pause();
    reader.send(encodeQuery(sql));
    await sleep(400);
    await replace();
    reader.resume();
    await reader.until('Z');
  };

/** A look at a relation that the session has not used: there the server takes in what others have changed. */
const freshLook = (): Buffer[] => [
  encodeParse({ name: 'fresh', sql: 'select count(*) from orders, member, event', parameterTypes: [] }),
  bind('fresh', 'fresh'),
];

const resumed =
  (sql: string): Race =>
  async ({ reader }, replace) => {
    await reader.simple('begin');
    const open = [
      encodeParse({ name: 's', sql, parameterTypes: [] }),
      bind('p', 's'),
      encodeDescribe({ what: 'P', name: 'p' }),
      encodeExecute({ portal: 'p', maxRows: 3 }),
    ];
    await reader.flush(['s'], ...open);
    await replace();
    await reader.flush(['2'], ...freshLook());
    reader.send(encodeExecute({ portal: 'p', maxRows: 3 }), encodeSync());
    await reader.until('Z');
  };

const RACES: Readonly<Record<string, Race>> = {
  'a result that is read slowly': slowly(`select ${MANY}`),
  'a result that is read slowly, by a view': slowly("select c, repeat('x', 200) from slow_view"),
  'COPY that is read slowly': slowly(`copy (select ${MANY}) to stdout`),
  'COPY as CSV that is read slowly': slowly(`copy (select ${MANY}) to stdout (format csv, header)`),
  'a portal that is resumed': resumed('select slow(i) from generate_series(1, 100) i'),
  'a cursor by the protocol’s portal': resumed('select c from slow_view'),
  'a cursor that is fetched from': async ({ reader }, replace) => {
    await reader.simple(
      'begin; declare c cursor for select slow(i) from generate_series(1, 100) i; fetch 3 from c',
    );
    await replace();
    await reader.simple('select count(*) from orders, member, event');
    await reader.simple('fetch 3 from c');
    await reader.simple('commit');
  },
  'a prepared statement that is executed again': async ({ reader }, replace) => {
    await reader.batch(encodeParse({ name: 's', sql: 'select slow(1)', parameterTypes: [] }));
    const run = [bind('', 's'), encodeExecute({ portal: '', maxRows: 0 })];
    await reader.batch(...run);
    await replace();
    await reader.batch(...run);
  },
  'a portal, replaced in its own session': async ({ reader }) => {
    await reader.simple('begin');
    const sql = 'select slow(i) from generate_series(1, 100) i';
    const open = [encodeParse({ name: 's', sql, parameterTypes: [] }), bind('p', 's')];
    await reader.flush(['s'], ...open, encodeExecute({ portal: 'p', maxRows: 3 }));
    reader.send(encodeParse({ name: 'd', sql: BAD, parameterTypes: [] }), bind('d', 'd'));
    reader.send(encodeExecute({ portal: 'd', maxRows: 0 }), ...freshLook(), encodeFlush());
    reader.send(encodeExecute({ portal: 'p', maxRows: 3 }), encodeSync());
    await reader.until('Z');
  },
  'two of them at once': async (sides, replace) => {
    await sides.other.simple('begin');
    await slowly(`select ${MANY}`)(sides, async () => {
      await replace();
      await sides.other.simple('commit');
    });
  },
};

const detect = detectorOf(SECRET);
let harness: Harness;
before(async () => {
  const view = 'create view slow_view as select i as id, slow(i) as c from generate_series(1, 150000) i';
  harness = await startHarness({ rules: RULES, schema: `${SCHEMA}; ${GOOD}; ${view}` });
});
after(() => harness?.stop());

async function play(url: string, race: Race, replacement: string): Promise<string | null> {
  const reader = await WireClient.open(url);
  const other = await WireClient.open(url);
  try {
    await other.simple(GOOD);
    await reader.simple('select slow(1)');
    const replace = async (): Promise<void> => {
      await other.simple(replacement);
      await sleep(100);
    };
    await race({ reader, other }, replace);
    return detect(reader.received);
  } finally {
    reader.close();
    await other.simple(`rollback; ${GOOD}`);
    other.close();
  }
}

for (const [name, race] of Object.entries(RACES)) {
  test(`a function is replaced under ${name}`, async () => {
    assert.notEqual(
      await play(harness.server.url('shop'), race, BAD),
      null,
      'it does not work without Postern',
    );
    assert.equal(await play(harness.agentUrl, race, BAD), null);
    // what it says is no less its own than what it gives
    assert.equal(await play(harness.agentUrl, race, LOUD), null);
  });
}

test('replaced by the bad one and back again, before anything is read', async () => {
  for (const replacement of [BAD, LOUD]) {
    const race: Race = async (sides, replace) => {
      sides.reader.pause();
      sides.reader.send(encodeQuery(`select ${MANY}`));
      await sleep(300);
      await replace();
      await sides.other.simple(GOOD);
      await sleep(200);
      sides.reader.resume();
      await sides.reader.until('Z');
    };
    assert.equal(await play(harness.agentUrl, race, replacement), null);
  }
});

test('the session goes on, and what nothing touches arrives whole', async () => {
  const reader = await WireClient.open(harness.agentUrl);
  const other = await WireClient.open(harness.agentUrl);
  reader.pause();
  reader.send(encodeQuery("select i, repeat('x', 200) from generate_series(1, 150000) i"));
  await sleep(200);
  await other.simple(BAD);
  await other.simple(GOOD);
  reader.resume();
  await reader.until('Z');
  assert.equal(reader.frames.filter(({ type }) => type === 'D').length, 150_000);
  await slowly(`select ${MANY}`)({ reader, other }, () => other.simple(BAD));
  assert.deepEqual(reader.errors(), ['40001']);
  await other.simple(GOOD);
  const earlier = reader.frames.length;
  await reader.simple('select slow(1)');
  assert.ok(reader.frames.slice(earlier).some(({ type, body }) => type === 'D' && body.includes('fine')));
  reader.close();
  other.close();
});
