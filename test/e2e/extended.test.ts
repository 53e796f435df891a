/** The extended protocol where something is masked or held; what passes unchanged is in `chunking.test.ts`. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeDataRow } from '../../src/wire/server/data-row.ts';
import { SECRET, settled, startHarness, type Harness } from './harness.ts';
import {
  bind,
  cancel,
  close,
  codesIn,
  describe,
  errorsIn,
  execute,
  flush,
  parse,
  query,
  rowsIn,
  shape,
  status,
  sync,
  text,
} from './raw-client.ts';
import { rawClients } from './raw-clients.ts';

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

async function logged(witness: string): Promise<boolean> {
  await sleep(30);
  return (await harness.statementLog()).includes(witness);
}

const MASKED = 'select id, email, ssn from customers order by id limit 5';

test('Execute without Describe: masked, and the description Postern asked for is invisible', async () => {
  const client = await raw();
  const answer = await client.ask(parse(MASKED), bind(), execute(), sync());
  assert.equal(shape(answer), '12DDDDDCZ');
  assert.ok(!text(answer).includes(SECRET));
  assert.deepEqual(rowsIn(answer)[0]?.[2], '****');
});

test('the same portal described by the client is described once', async () => {
  const client = await raw();
  const answer = await client.ask(parse(MASKED), bind(), describe('P'), execute(), sync());
  assert.equal(shape(answer), '12TDDDDDCZ');
  assert.ok(!text(answer).includes(SECRET));
});

test('a statement prepared once is masked at every execution', async () => {
  const client = await raw();
  await client.ask(parse(MASKED, 's'), describe('S', 's'), sync());
  for (let i = 0; i < 3; i += 1) {
    const answer = await client.ask(bind({ statement: 's' }), execute(), sync());
    assert.equal(shape(answer), '2DDDDDCZ');
    assert.ok(!text(answer).includes(SECRET));
  }
});

test('row limits: what is resumed is masked like what came first', async () => {
  const client = await raw();
  const answer = await client.ask(
    parse(MASKED),
    bind({ portal: 'p' }),
    execute('p', 2),
    execute('p', 2),
    execute('p', 2),
    sync(),
  );
  assert.equal(shape(answer), '12DDsDDsDCZ');
  assert.ok(!text(answer).includes(SECRET));
  client.send(parse(MASKED), bind({ portal: 'q' }), execute('q', 2), flush());
  const first = await client.until('s');
  client.send(execute('q', 2), flush());
  const second = await client.until('s');
  client.send(sync());
  assert.equal(shape([...first, ...second, ...(await client.until('Z'))]), '12DDsDDsZ');
  assert.ok(!text([...first, ...second]).includes(SECRET));
});

test('masked and clean statements in turn, pipelined in one write', async () => {
  const client = await raw();
  client.send(
    parse('select id, note from orders order by id limit 2'),
    bind(),
    execute(),
    sync(),
    parse(MASKED),
    bind(),
    execute(),
    sync(),
    parse('select name from customers order by id limit 2'),
    bind(),
    execute(),
    parse('select upper(email) from customers limit 1'),
    bind(),
    execute(),
    sync(),
  );
  const answers = [await client.until('Z'), await client.until('Z'), await client.until('Z')];
  assert.deepEqual(answers.map(shape), ['12DDCZ', '12DDDDDCZ', '12DDC12DCZ']);
  assert.ok(!text(answers.flat()).toUpperCase().includes(SECRET.toUpperCase()));
  assert.deepEqual(rowsIn(answers[0]!), [
    ['1', 'note 1'],
    ['2', 'note 2'],
  ]);
  assert.deepEqual(rowsIn(answers[2]!).slice(0, 2), [['name 1'], ['name 2']]);
});

test('binary results: text columns get their mask, others a NULL', async () => {
  const client = await raw();
  const sql = 'select id, ssn, length(ssn) as n, to_jsonb(ssn) as b from customers order by id limit 1';
  const answer = await client.ask(parse(sql), bind({ resultFormats: [1] }), describe('P'), execute(), sync());
  assert.equal(shape(answer), '12TDCZ');
  const row = answer.find((m) => m.type === 'D')!.bytes;
  const [id, ssn, length, bytes] = decodeDataRow(row, 0, row.length);
  assert.equal(id?.readInt32BE(0), 1);
  assert.equal(ssn?.toString(), '****');
  assert.equal(length, null);
  assert.equal(bytes, null);
});

test('an error of a masked statement withholds its text', async () => {
  const client = await raw();
  const answer = await client.ask(
    parse('select 1 / (id - 1), ssn from customers'),
    bind(),
    execute(),
    sync(),
  );
  assert.equal(shape(answer).replaceAll(/[12]/g, ''), 'EZ');
  assert.ok(!text(answer).includes(SECRET));
  assert.deepEqual(codesIn(answer), ['22012']);
});

test('held at once: P B D E S reaches nothing before approval, then runs', async () => {
  const client = await raw();
  const sql = 'update orders set note = $1 /* at once */';
  client.send(parse(sql), bind({ values: ['seen'] }), describe('P'), execute(), sync());
  const request = await harness.nextRequest();
  assert.equal(shape(await client.until('N')), 'N');
  assert.ok(!(await logged('/* at once */')));
  await harness.decide(request.id, 'approve');
  assert.equal(shape(await client.until('Z')), '12nCZ');
  assert.ok(await logged('/* at once */'));
  await settled(harness, request.id, 'spent');
});

test('held when bound: prepared first with P D S, then B E S', async () => {
  const client = await raw();
  const prepared = await client.ask(
    parse('delete from orders where true /* two steps */', 'h'),
    describe('S', 'h'),
    sync(),
  );
  assert.equal(shape(prepared), '1tnZ');
  client.send(bind({ statement: 'h' }), execute(), sync());
  const request = await harness.nextRequest();
  assert.ok(!(await logged('/* two steps */')));
  await harness.decide(request.id, 'deny', 'no');
  const refused = await client.until('Z');
  assert.equal(shape(refused), 'NEZ');
  assert.match(errorsIn(refused)[0]!, /denied by dana: no/);
  assert.equal(status(refused), 'I');
  // The name is still there, and asking again is a new request.
  client.send(bind({ statement: 'h' }), execute(), sync());
  const again = await harness.nextRequest();
  assert.notEqual(again.id, request.id);
  await harness.decide(again.id, 'deny', 'still no');
  await client.until('Z');
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders')), [['500']]);
});

test('a hold behind work of the same batch: refused, the work is undone too', async () => {
  const client = await raw();
  client.send(
    parse("insert into orders values (9001, 1, 1, 'batch')"),
    bind(),
    execute(),
    parse('truncate orders'),
    bind(),
    execute(),
    sync(),
  );
  const request = await harness.nextRequest();
  assert.equal(request.inTransaction, true);
  await harness.decide(request.id, 'deny', 'no');
  const answer = await client.until('Z');
  assert.equal(shape(answer), '12CNEZ');
  assert.equal(status(answer), 'I');
  assert.deepEqual(rowsIn(await client.query('select count(*) from orders where id = 9001')), [['0']]);
});

test('a hold behind work of the same batch: approved, both are done', async () => {
  const client = await raw();
  client.send(
    parse("insert into orders values (9002, 1, 1, 'batch')"),
    bind(),
    execute(),
    parse("update orders set note = 'all' /* approved batch */"),
    bind(),
    execute(),
    sync(),
  );
  const request = await harness.nextRequest();
  await harness.decide(request.id, 'approve');
  assert.equal(shape(await client.until('Z')), '12CN12CZ');
  assert.deepEqual(rowsIn(await client.query('select note from orders where id = 9002')), [['all']]);
});

test('a refusal in an explicit transaction fails it, and what follows is refused until rollback', async () => {
  const client = await raw();
  await client.query('begin');
  const refused = await client.ask(parse('drop database shop'), bind(), execute(), sync());
  assert.equal(shape(refused), 'EZ');
  assert.equal(status(refused), 'E');
  assert.deepEqual(codesIn(await client.query('select 1')), ['25P02']);
  assert.equal(status(await client.query('rollback')), 'I');
});

test('a refusal skips to Sync, and the next batch is answered', async () => {
  const client = await raw();
  client.send(
    parse('select 1'),
    bind(),
    execute(),
    parse('drop database shop'),
    bind(),
    execute(),
    close('S', ''),
    sync(),
    parse('select 2'),
    bind(),
    execute(),
    sync(),
  );
  assert.equal(shape(await client.until('Z')), '12DCEZ');
  assert.equal(shape(await client.until('Z')), '12DCZ');
});

test('unknown names are refused with the codes PostgreSQL has for them', async () => {
  const client = await raw();
  assert.deepEqual(codesIn(await client.ask(bind({ statement: 'none' }), sync())), ['26000']);
  assert.deepEqual(codesIn(await client.ask(execute('none'), sync())), ['34000']);
  assert.deepEqual(codesIn(await client.query('execute none')), ['26000']);
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
});

test('EXECUTE of a protocol statement and Bind of an SQL one are masked, and held, like what they run', async () => {
  const client = await raw();
  await client.ask(parse('select max(ssn) from customers', 'p'), sync());
  const executed = await client.query('execute p');
  assert.ok(!text(executed).includes(SECRET));
  await client.query('prepare q as select max(ssn) from customers');
  const bound = await client.ask(bind({ statement: 'q' }), execute(), sync());
  assert.ok(!text(bound).includes(SECRET));
  await client.ask(parse('truncate orders /* by name */', 't'), sync());
  for (const sql of ['execute t', 'prepare u as delete from orders /* by name */']) {
    client.send(query(sql));
    const request = await harness.nextRequest();
    await harness.decide(request.id, 'deny', 'no');
    assert.deepEqual(codesIn(await client.until('Z')), ['42501']);
  }
  assert.ok(!(await logged('/* by name */')));
});

test('a cursor: DECLARE, then Execute, FETCH and FETCH by protocol are all masked', async () => {
  const client = await raw();
  await client.query('begin');
  await client.query('declare c cursor for select id, email, upper(ssn) from customers order by id');
  const answers = [
    await client.ask(describe('P', 'c'), execute('c', 2), sync()),
    await client.query('fetch 2 from c'),
    await client.ask(parse('fetch 2 from c'), bind(), execute(), sync()),
  ];
  assert.deepEqual(
    answers.map((a) => rowsIn(a).length),
    [2, 2, 2],
  );
  assert.ok(!text(answers.flat()).toUpperCase().includes(SECRET.toUpperCase()));
  await client.query('commit');
});

test('a cancel withdraws what is held, and the session goes on', async () => {
  const client = await raw();
  client.send(parse('truncate orders /* cancelled */'), bind(), execute(), sync());
  const request = await harness.nextRequest();
  await client.until('N');
  await cancel(harness.postern.agentPort, client.key);
  const answer = await client.until('Z');
  assert.deepEqual(codesIn(answer), ['57014']);
  await settled(harness, request.id, 'withdrawn');
  assert.deepEqual(rowsIn(await client.query('select 1')), [['1']]);
  assert.ok(!(await logged('/* cancelled */')));
});

test('rules that change between two executions of one portal apply to the second', async () => {
  const client = await raw();
  await client.query('begin');
  const first = await client.ask(
    parse('select city from customers order by id'),
    bind({ portal: 'r' }),
    describe('P', 'r'),
    execute('r', 1),
    sync(),
  );
  assert.deepEqual(rowsIn(first), [['city 1']]);
  const { readFile } = await import('node:fs/promises');
  const rules = await readFile(`${harness.folder}/rules.yaml`, 'utf8');
  await harness.writeRules(
    rules.replace('rules:', '  - { name: place, columns: [public.customers.city], with: redact }\nrules:'),
  );
  const later = await client.ask(execute('r', 1), sync());
  await harness.writeRules(rules);
  assert.deepEqual(rowsIn(later), [['****']]);
});

test('many statements without waiting for an answer are all answered', async () => {
  const client = await raw();
  const batch = Buffer.concat([parse('select 1'), bind(), execute(), sync()]);
  client.send(Buffer.concat(Array.from({ length: 5_000 }, () => batch)), query('select 2'));
  const answers = await client.until('Z', 5_001);
  assert.equal(answers.filter((m) => m.type === 'D').length, 5_001);
});
