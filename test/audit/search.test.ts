import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import test from 'node:test';
import { segmentPath } from '../../src/audit/folder.ts';
import { searchTrail, type TrailQuery } from '../../src/audit/search.ts';
import { allowed, created, decided, open, recordsIn, spent, temporaryFolder } from './support.ts';

test('search finds by each of its words, and decisions by what their request was about', async (t) => {
  const folder = await temporaryFolder(t);
  let clock = Date.parse('2030-01-01T00:00:00.000Z');
  const trail = await open(folder, { segmentBytes: 1024, now: () => (clock += 1000) });
  await trail.record({ kind: 'postern_started', version: '1', rules_version: 'v' });
  await trail.record(created);
  await trail.record(decided);
  await trail.record(spent('k7f3-9qzm'));
  for (let n = 0; n < 20; n += 1) await trail.record(allowed(n));
  await trail.close();
  const times = (await recordsIn(folder)).map((r) => r.time);
  const timeOf = (seq: number) => new Date(times[seq - 1] ?? '');
  const seqs = async (query: TrailQuery) => (await searchTrail(folder, query)).records.map((r) => r.seq);

  assert.deepEqual(await seqs({ agent: 'etl-bot' }), [2, 3, 4]);
  assert.deepEqual(await seqs({ approver: 'ana' }), [3]);
  assert.deepEqual(await seqs({ kinds: ['postern_started', 'grant_spent'] }), [1, 4]);
  assert.deepEqual(await seqs({ relation: 'customers', action: 'export' }), [2, 3, 4]);
  assert.deepEqual(await seqs({ relation: 'public.customers', approver: 'ana' }), [3]);
  assert.deepEqual(await seqs({ relation: 'ustomers' }), []);
  assert.deepEqual(await seqs({ requestId: 'k7f3-9qzm', kinds: ['grant_spent'] }), [4]);
  assert.deepEqual(await seqs({ since: timeOf(2), until: timeOf(4) }), [2, 3, 4]);
  assert.deepEqual(await seqs({ agent: 'billing-bot', limit: 3 }), [22, 23, 24]);
  assert.equal((await searchTrail(folder, { limit: 3 })).truncated, true);
  assert.equal((await searchTrail(folder, {})).unreadable, 0);
  await appendFile(segmentPath(folder, 1), 'nonsense\n');
  assert.equal((await searchTrail(folder, {})).unreadable, 1);
});
