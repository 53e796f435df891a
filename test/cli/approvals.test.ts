import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { asked, bench } from '../api/support.ts';
import { acting, as, folder, run, start } from './support.ts';

test('list, show, approve: the way of an approver', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ana', house) };
  assert.equal((await run(['requests'], at)).out, 'nothing waits\n');
  const long = `select ${'column_name, '.repeat(40)}1 from customers`;
  const { id } = await house.approvals.ask(asked({ statement: long, statedReason: 'quarterly numbers' }));
  const waiting = house.approvals.outcome(id);

  const listed = await run(['requests'], at);
  assert.equal(listed.code, 0);
  assert.match(listed.out, /^id +age +agent +database +actions +statement\n/);
  assert.match(listed.out, new RegExp(`^${id} +\\ds +etl-bot +shop +export +select column_name.*…$`, 'm'));

  const shown = await run(['show', id.slice(0, 6)], at);
  for (const part of [
    id,
    'etl-bot',
    'olga',
    'shop',
    'prod',
    'COPY customers TO STDOUT sends a relation out',
    'exports need a data steward',
    'public.customers',
    'public.customers.email',
    'none open',
    'quarterly numbers',
    'own words',
    'expires      in ',
    'no decision yet',
    `postern approve ${id} --reason`,
    `postern deny ${id} --reason`,
  ]) {
    assert.ok(shown.out.includes(part), `${part}\n${shown.out}`);
  }
  assert.equal(shown.out.replaceAll('\n  | ', '').includes(long), true, 'the statement is shown whole');

  const missing = await run(['approve', id], at);
  assert.deepEqual([missing.code, missing.out], [2, '']);
  const approved = await run(['approve', id, '--reason', 'month end'], at);
  assert.deepEqual([approved.code, approved.out], [0, `approved ${id} of etl-bot\n`]);
  assert.equal((await waiting).kind, 'approved');
  assert.deepEqual(
    (await house.approvals.get(id)).decisions.map((one) => [one.approver, one.channel, one.reason]),
    [['ana', 'cli', 'month end']],
  );

  const again = await run(['deny', id, '--reason', 'no'], at);
  assert.equal(again.code, 1);
  assert.match(again.err, /no longer pending/);
  const json = await run(['show', id, '--json'], at);
  assert.equal((JSON.parse(json.out) as { state: string }).state, 'approved');
  const all = await run(['requests', '--state', 'all', '--json'], at);
  assert.equal((JSON.parse(all.out) as { requests: object[] }).requests.length, 1);
});

test("what an agent writes cannot draw on the approver's terminal", async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ana', house) };
  const evil = 'a\u001b[2J\u001b]0;x\u0007\u202etxet\u200b\nrequest zzzz-zzzz: approved\n  agent        ana';
  const { id } = await house.approvals.ask(asked({ statement: evil, statedReason: evil, relations: [evil] }));
  for (const args of [
    ['requests'],
    ['show', id],
    ['requests', '--json'],
    ['show', id, '--json'],
    ['deny', id, '--reason', 'no'],
  ]) {
    const { out, code } = await run(args, at);
    assert.equal(code, 0);
    assert.deepEqual(acting(out), [], args.join(' '));
    assert.doesNotMatch(out, /^request zzzz|^ {2}agent {8}ana$/m);
  }
});

test('refusals: no access 1, wrong command line 2, nobody there 3', async (t) => {
  const house = await bench(t);
  const cwd = folder(t);
  const env = as('ana', house);
  const ends = async (args: string[], environment: Record<string, string> = env): Promise<number | null> =>
    (await run(args, { cwd, env: environment })).code;
  assert.equal(await ends(['requests'], { ...env, POSTERN_TOKEN: 'wrong' }), 1);
  assert.equal(await ends(['agents', 'list']), 1);
  assert.equal(await ends(['show', 'zzzz-zzzz']), 1);
  assert.equal(await ends(['requests', '--state', 'bogus']), 2);
  assert.equal(await ends(['requests', '--bogus']), 2);
  assert.equal(await ends([]), 2);
  assert.equal(await ends(['show']), 2);
  assert.equal(await ends(['requests'], {}), 2);
  assert.equal(await ends(['--help'], {}), 0);
  assert.equal(await ends(['--version'], {}), 0);
  await house.stop();
  const gone = await run(['requests'], { cwd, env });
  assert.equal(gone.code, 3);
  assert.match(gone.err, new RegExp(`no Postern answers at ${house.url}`));
  assert.equal(await ends(['requests', '--watch']), 3);
});

test('--watch follows, and finds its way back after the API was away', async (t) => {
  const house = await bench(t);
  const first = await house.approvals.ask(asked());
  const child = start(['requests', '--watch', '--json'], { cwd: folder(t), env: as('ana', house) });
  t.after(() => child.kill());
  assert.ok(child.stdout);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<[string, string]> => {
    const { id, state } = JSON.parse((await lines.next()).value as string) as { id: string; state: string };
    return [id, state];
  };
  assert.deepEqual(await next(), [first.id, 'pending']);
  await house.call('ana', 'POST', `/v1/requests/${first.id}/deny`, { reason: 'no' });
  assert.deepEqual(await next(), [first.id, 'denied']);
  await house.stop();
  const second = await house.approvals.ask(asked());
  await house.startAgain();
  assert.deepEqual(await next(), [second.id, 'pending']);
  await house.approvals.withdraw(second.id, 'cancelled');
  assert.deepEqual(await next(), [second.id, 'withdrawn']);
  child.kill();
  await once(child, 'close');
});

test('a beginning stands for one pending request, is shown, and needs --yes without a terminal', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ana', house) };
  const { id } = await house.approvals.ask(asked({ statement: 'DROP TABLE evil\u202e' }));
  const why = ['--reason', 'month end'];
  const beginning = id.slice(0, 5);
  const unsure = await run(['approve', beginning, ...why], at);
  assert.deepEqual([unsure.code, unsure.out], [2, '']);
  assert.match(unsure.err, /DROP TABLE evil\\u\{202e\}/);
  assert.ok(unsure.err.includes(`Give the whole id, ${id}, or --yes`));
  assert.deepEqual(acting(unsure.err), []);
  assert.equal((await run(['approve', 'zzzz', '--yes', ...why], at)).code, 1);
  assert.equal((await run(['approve', '../x', '--yes', ...why], at)).code, 1);
  const sure = await run(['approve', beginning, '--yes', ...why], at);
  assert.deepEqual([sure.code, sure.out], [0, `approved ${id} of etl-bot\n`]);
  const others = await Promise.all(Array.from({ length: 40 }, () => house.approvals.ask(asked())));
  const firsts = others.map((one) => one.id.charAt(0));
  const twice = firsts.find((letter, i) => firsts.indexOf(letter) !== i) ?? '';
  const ambiguous = await run(['deny', twice, '--yes', ...why], at);
  assert.equal(ambiguous.code, 1);
  assert.match(ambiguous.err, /fits more than one pending request/);
  // Decided already: its beginning stands for nothing that can be decided.
  assert.equal((await run(['deny', id, ...why], at)).code, 1);
});

test('show --literals prints what the rules reveal, made safe', async (t) => {
  const house = await bench(t);
  const { id } = await house.approvals.ask(asked(), "select 'x\u001b[2J'");
  const shown = await run(['show', id, '--literals'], { cwd: folder(t), env: as('ana', house) });
  assert.deepEqual([shown.code, shown.out], [0, "  | select 'x\\u{1b}[2J'\n"]);
  const refused = await run(['show', id, '--literals'], { cwd: folder(t), env: as('bob', house) });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /may not see statements with their literals/);
});
