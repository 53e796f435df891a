import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVERYTHING, TOKEN, house, receiver } from '../channels/support.ts';
import { folder, run } from './support.ts';

test('channels list and test say what works and what does not', async (t) => {
  const at = await receiver(t);
  const keys = [Buffer.alloc(32, 1)];
  const { url } = await house(t, [{ name: 'siem', kind: 'webhook', url: at.url, keys, routing: EVERYTHING }]);
  const where = { cwd: folder(t), env: { POSTERN_URL: url, POSTERN_TOKEN: TOKEN } };
  assert.match((await run(['channels', 'list'], where)).out, /^siem +webhook +0 +0 +0 +0$/m);
  const sent = await run(['channels', 'test', 'siem'], where);
  assert.deepEqual([sent.code, sent.out], [0, 'channel siem took the test message\n']);
  assert.equal(at.got.length, 1);
  at.statuses.push(500);
  const failed = await run(['channels', 'test', 'siem'], where);
  assert.deepEqual([failed.code, failed.out], [1, '']);
  assert.match(failed.err, /channel "siem" could not be reached: it answered 500/);
  assert.equal((await run(['channels', 'test', 'other'], where)).code, 1);
});
