import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Replies, type Reply } from '../../src/session/replies.ts';

function close(undone?: string[], name = ''): Reply {
  return { kind: 'close', swallow: false, undo: undone === undefined ? null : () => void undone.push(name) };
}

function sync(ignoredIfCopyIn: Reply | null = null): Reply {
  return { kind: 'sync', swallow: false, ignoredIfCopyIn, epoch: 1 };
}

function filled(...replies: readonly Reply[]): Replies {
  const queue = new Replies();
  for (const reply of replies) queue.push(reply, false);
  return queue;
}

test('answers come in the order of what was sent', () => {
  const [a, b] = [close(), sync()];
  const replies = filled(a, b);
  assert.equal(replies.head, a);
  replies.shift();
  assert.equal(replies.head, b);
  replies.shift();
  assert.equal(replies.head, null);
  assert.equal(replies.size, 0);
});

test('a failure takes back, last first, what stands before the next Sync, and nothing behind it', () => {
  const undone: string[] = [];
  const replies = filled(close(undone, 'a'), close(undone, 'b'), sync(), close(undone, 'c'));
  assert.equal(replies.failToSync(), true);
  assert.deepEqual(undone, ['b', 'a']);
  assert.equal(replies.head?.kind, 'sync');
  assert.equal(replies.size, 2);
});

test('a failure without a Sync says so', () => {
  const replies = filled(close(), close());
  assert.equal(replies.failToSync(), false);
  assert.equal(replies.size, 0);
});

test('what is answered is counted through failures and ignored Syncs, never too early', () => {
  const replies = new Replies();
  const execute = close();
  replies.push(execute, false);
  replies.push(sync(execute), false);
  const order = replies.pushed;
  replies.push(close(), false);
  replies.dropSyncsIgnoredBy(execute);
  assert.equal(replies.size, 2);
  replies.shift();
  assert.ok(order >= replies.answered);
  replies.failToSync();
  assert.equal(replies.size, 0);
});

test('whoever waits is woken once nothing is owed', async () => {
  const replies = filled(close(), sync());
  let woken = false;
  const waiting = replies.drained().then(() => {
    woken = true;
  });
  replies.shift();
  await Promise.resolve();
  assert.equal(woken, false);
  replies.shift();
  await waiting;
  await replies.drained();
});

test('what is sent after uncommitted DDL is marked', () => {
  const replies = new Replies();
  const [before, after] = [close(), close()];
  replies.push(before, false);
  replies.push(after, true);
  assert.deepEqual([before.dirty, after.dirty], [false, true]);
});
