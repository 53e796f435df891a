import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bench } from '../api/support.ts';
import { as, folder, run } from './support.ts';

test('grant, grants, revoke: words, JSON, exit codes, completion', async (t) => {
  const house = await bench(t);
  const where = { cwd: folder(t), env: as('ana', house) };
  const grant = (...more: string[]) =>
    run(['grant', 'etl-bot', '--for', '15m', '--max-rows', '500', '--reason', 'an audit', ...more], where);
  assert.deepEqual(await run(['grants'], where), { code: 0, out: 'no grant is in force\n', err: '' });
  const made = await grant('--columns', 'public.customers.email,public.customers."a,b"');
  assert.equal(made.code, 0, made.err);
  const id = /^granted (\S{9}): /.exec(made.out)?.[1] ?? '';
  assert.match(
    made.out,
    /etl-bot sees public\.customers\.email, public\.customers\."a,b" on shop for 1[45]m/,
  );
  assert.match(made.out, new RegExp(`postern revoke ${id} --reason`));
  const listed = await run(['grants'], where);
  assert.match(listed.out, new RegExp(`^id .*\\n${id} +active +etl-bot +shop +1[45]m.* 0/500 +ana`));
  assert.equal((await run(['completion', 'grants'], where)).out, `${id}\n`);
  const shown = await run(['grants', id.slice(0, 4)], where);
  assert.match(shown.out, new RegExp(`^grant ${id}: active\\n[^]*0 of 500 shown[^]*an audit`));
  assert.equal((await run(['revoke', id.slice(0, 4), '--reason', 'x'], where)).code, 2);
  const revoked = await run(['revoke', id, '--reason', 'found it'], where);
  assert.deepEqual([revoked.code, revoked.out], [0, `revoked ${id} of etl-bot; 0 of 500 shown\n`]);
  const again = await run(['revoke', id, '--reason', 'found it'], where);
  assert.equal(again.code, 1);
  assert.match(again.err, /no longer in force: it is revoked/);
  assert.equal((await run(['grants'], where)).out, 'no grant is in force\n');
  const all = JSON.parse((await run(['grants', '--all', '--json'], where)).out) as {
    grants: { state: string }[];
  };
  assert.deepEqual(
    all.grants.map((one) => one.state),
    ['revoked'],
  );
  assert.match((await run(['grants', id], where)).out, /ended +\S+ by ana: found it/);
});

test('what cannot be meant is refused before anything is sent', async (t) => {
  const house = await bench(t);
  const where = { cwd: folder(t), env: as('ana', house) };
  const base = ['grant', 'etl-bot', '--columns', 'public.a.b', '--reason', 'r'];
  for (const args of [
    [...base, '--for', '15', '--max-rows', '5'],
    [...base, '--for', '10ms', '--max-rows', '5'],
    [...base, '--for', '5m', '--max-rows', '0'],
    [...base, '--for', '5m', '--max-rows', 'many'],
    [...base, '--for', '5m'],
    ['grants', 'zzzz', '--all'],
  ])
    assert.equal((await run(args, where)).code, 2, args.join(' '));
  assert.equal((await run(['grants', 'zzzz'], where)).code, 1);
});
