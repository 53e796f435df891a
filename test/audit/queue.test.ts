/** The trail's queue: order, what takes one place together, and who is told what. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { readRecord } from '../../src/audit/record.ts';
import { EventQueue } from '../../src/audit/queue.ts';
import { verifyTrail } from '../../src/audit/verify.ts';
import { allowed, open, recordsIn, spent, temporaryFolder } from './support.ts';

const NOBODY = { resolve: () => undefined, reject: () => undefined };

/** What is queued, as `session×times@ms`. */
function shown(queue: EventQueue): string[] {
  const entries = queue.take(1000);
  queue.putBack(entries);
  return entries.map(({ event, times, atMs }) =>
    'session_id' in event ? `${event.session_id}×${times}@${atMs}` : `${event.kind}@${atMs}`,
  );
}

test('the same statement again in the same millisecond takes no second place', () => {
  const queue = new EventQueue();
  const [one, two] = [allowed(1), allowed(2)];
  for (const event of [one, one, one, two, one]) queue.note(event, 5);
  queue.note(one, 6);
  assert.deepEqual(shown(queue), ['s1×3@5', 's2×1@5', 's1×1@5', 's1×1@6']);
  assert.equal(queue.length, 4);
});

test('an equal event that is another object, or of another kind, keeps a place of its own', () => {
  const queue = new EventQueue();
  const denied: AuditEvent = {
    kind: 'statement_denied',
    session_id: 's1',
    agent: 'bot',
    database: 'shop',
    fingerprint: '',
    actions: [],
    relations: [],
    rules: [],
    reason: 'r',
  };
  for (const event of [allowed(1), allowed(1), denied, denied]) queue.note(event, 5);
  assert.deepEqual(shown(queue), ['s1×1@5', 's1×1@5', 's1×1@5', 's1×1@5']);
});

test('nothing joins what somebody waits for, and what was taken is joined by nothing', () => {
  const queue = new EventQueue();
  const event = allowed(1);
  queue.record(event, 5, NOBODY);
  queue.note(event, 5);
  assert.equal(queue.length, 2);
  const batch = queue.take(2);
  queue.note(event, 5);
  queue.putBack(batch);
  assert.deepEqual(shown(queue), ['s1×1@5', 's1×1@5', 's1×1@5']);
});

test('waiters are taken out, what was noted stays', () => {
  const queue = new EventQueue();
  queue.note(allowed(1), 1);
  queue.record(allowed(2), 1, NOBODY);
  queue.note(allowed(3), 1);
  assert.equal(queue.waiting, 1);
  assert.deepEqual(queue.takeWaiters(), [NOBODY]);
  assert.equal(queue.waiting, 0);
  assert.deepEqual(shown(queue), ['s1×1@1', 's3×1@1']);
});

test('a record says how often, and is in canonical form', async (t) => {
  const folder = await temporaryFolder(t);
  const trail = await open(folder, { now: () => 1_900_000_000_000 });
  const event = allowed(1);
  for (let n = 0; n < 10; n += 1) trail.note(event);
  trail.note(allowed(2));
  await trail.record(spent('r1'));
  trail.note(event);
  await trail.close();
  const records = await recordsIn(folder);
  assert.deepEqual(
    records.map((r) => [r.event.kind, 'times' in r.event ? r.event.times : undefined]),
    [
      ['statement_allowed', 10],
      ['statement_allowed', undefined],
      ['grant_spent', undefined],
      ['statement_allowed', undefined],
      ['postern_stopped', undefined],
    ],
  );
  for (const record of records)
    assert.equal(readRecord(Buffer.from(JSON.stringify(record))).kind, 'record', JSON.stringify(record));
  assert.ok((await verifyTrail(folder)).ok);
});
