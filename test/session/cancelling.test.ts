/** When a cancel goes on to the server: after what it is for, and not to what came later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancel } from '../../src/session/cancelling.ts';
import { Replies, type Reply } from '../../src/session/replies.ts';
import type { SessionState } from '../../src/session/state.ts';

/** As much of a session as a cancel looks at. */
function session(): { state: SessionState; replies: Replies; send: () => void } {
  const replies = new Replies();
  const toUpstream = { wroteAtMs: 0 };
  const state = { replies, parts: { toUpstream }, asking: false, closed: false };
  const send = (): void => {
    const sync: Reply = { kind: 'sync', swallow: false, ignoredIfCopyIn: null, epoch: 0 };
    replies.push(sync, false);
    toUpstream.wroteAtMs = performance.now();
  };
  return { state: state as unknown as SessionState, replies, send };
}

/** Cancels, and says whether and when the server was told. */
async function cancelled(state: SessionState, waiting = (): boolean => false): Promise<number | null> {
  let at: number | null = null;
  await cancel(state, waiting, () => {
    at = performance.now();
    return Promise.resolve();
  });
  return at;
}

test('what the server has had for a while is cancelled at once', async () => {
  const { state, send } = session();
  send();
  await sleep(80);
  const from = performance.now();
  const at = await cancelled(state);
  assert.ok(at !== null && at - from < 40);
});

test('what was just sent is given time to begin', async () => {
  const { state, send } = session();
  send();
  const from = performance.now();
  const at = await cancelled(state);
  assert.ok(at !== null && at - from >= 40);
});

test('what was answered meanwhile is not cancelled, nor what was sent after it', async () => {
  const { state, replies, send } = session();
  send();
  const cancelling = cancelled(state);
  await sleep(10);
  replies.shift();
  send();
  assert.equal(await cancelling, null);
});

test('of several statements sent before it, whichever runs is cancelled', async () => {
  const { state, replies, send } = session();
  send();
  send();
  const cancelling = cancelled(state);
  await sleep(10);
  replies.shift();
  assert.notEqual(await cancelling, null);
});

test('a statement that waits for Postern is waited for, and then given its time', async () => {
  const { state, send } = session();
  let waits = true;
  const cancelling = cancelled(state, () => waits);
  await sleep(30);
  send();
  const from = performance.now();
  waits = false;
  const at = await cancelling;
  assert.ok(at !== null && at - from >= 40);
});
