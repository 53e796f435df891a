import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { test } from 'node:test';
import fc from 'fast-check';
import { requestView } from '../../src/api/views.ts';
import type { RequestView } from '../../src/api/views.ts';
import { makeClient } from '../../src/cli/client.ts';
import { makeKeyReader } from '../../src/cli/live-keys.ts';
import { screen } from '../../src/cli/live-screen.ts';
import { EMPTY, onKey, withPending, withRequest } from '../../src/cli/live-state.ts';
import type { Effect, LiveState } from '../../src/cli/live-state.ts';
import { live } from '../../src/cli/live.ts';
import type { Terminal } from '../../src/cli/live.ts';
import { TOKENS, asked, bench } from '../api/support.ts';
import { acting } from './support.ts';

function request(id: string, changes: Partial<RequestView> = {}): RequestView {
  return {
    ...requestView({
      ...asked(),
      id,
      state: 'pending',
      createdAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T01:00:00.000Z',
      decisions: [],
      history: {},
    }),
    ...changes,
  };
}

const ONE = request('aaaa-0001');
const TWO = request('aaaa-0002');

/** Types, as a terminal sends it. */
function type(state: LiveState, ...chunks: string[]): { state: LiveState; effects: Effect[] } {
  const read = makeKeyReader();
  const effects: Effect[] = [];
  for (const key of chunks.flatMap(read)) {
    const step = onKey(state, key);
    state = step.state;
    if (step.effect !== null) effects.push(step.effect);
  }
  return { state, effects };
}

const listed = [ONE, TWO].reduce(withRequest, EMPTY);

test('keys move, show, ask for a reason and answer', () => {
  assert.equal(listed.selected, ONE.id);
  assert.equal(type(listed, 'k').state.selected, TWO.id);
  assert.equal(type(listed, '\u001b[A', '\u001b[A', 'j').state.selected, ONE.id);
  assert.deepEqual(type(listed, '\r').state.mode, { kind: 'show', id: ONE.id, top: 0 });
  const answer = { kind: 'answer', id: ONE.id, reason: 'month end' } as const;
  assert.deepEqual(type(listed, 'a', 'month end', '\r').effects, [{ ...answer, answer: 'approve' }]);
  assert.deepEqual(type(listed, '\r', 'd', 'month enx\u007fd', '\r').effects, [
    { ...answer, answer: 'deny' },
  ]);
  assert.deepEqual(type(listed, 'r', 'month end', '\r', 'e', '\r').effects, [
    { ...answer, answer: 'escalate' },
  ]);
  assert.deepEqual(type(listed, 'a', '  ', '\r').effects, []);
  assert.deepEqual(type(listed, 'a', 'x', '\u001b', '\r').effects, []);
  assert.deepEqual(type(listed, 'q').effects, [{ kind: 'quit' }]);
  assert.deepEqual(type(listed, 'a', 'q', '\u0003').effects, [{ kind: 'quit' }]);
  assert.deepEqual(type(EMPTY, 'a', 'd', 'e', 'j', 'k', '\r', 'x', '\r').effects, []);
});

test('an answer is for what was shown, whatever comes and goes meanwhile', () => {
  let { state } = type(listed, 'a', 'ok');
  state = withRequest(state, request('zzzz-9999'));
  assert.deepEqual(
    type(state, '\r').effects.map((one) => one.kind === 'answer' && one.id),
    [ONE.id],
  );
  // It is decided by another: what is typed must not reach the next one in the list.
  state = withRequest(state, { ...ONE, state: 'denied' });
  assert.equal(state.mode.kind, 'list');
  assert.match(state.message, /aaaa-0001 is denied/);
  assert.deepEqual(type(state, '\r').effects, []);
  assert.equal(withPending(type(listed, 'd', 'no').state, [TWO.id]).mode.kind, 'list');
  assert.deepEqual(withPending(listed, []).selected, null);
});

test('pasted text is never a key', () => {
  const paste = (text: string): string => `\u001b[200~${text}\u001b[201~`;
  assert.deepEqual(type(listed, paste('a yes\rq')).effects, []);
  assert.deepEqual(type(listed, paste('a yes\rq')).state.mode, { kind: 'list' });
  const { state, effects } = type(listed, 'a', paste('line one\r\nline \u001b[Atwo'));
  assert.deepEqual(effects, []);
  assert.equal(state.mode.kind === 'prompt' && state.mode.text.includes('\r'), false);
  assert.equal(type(listed, 'a', '\u001b[200~', 'x\r', '\u001b[201~').effects.length, 0);
});

test('whatever agents write, the screen keeps its size and nothing in it acts', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 3, max: 60 }),
      fc.constantFrom<string[]>([], ['\r'], ['a', 'x'], ['\r', 'j', 'j']),
      (evil, columns, rows, keys) => {
        const made = request('aaaa-0001', {
          statement: evil,
          statedReason: evil,
          agent: evil,
          relations: [evil],
          database: evil,
        });
        const { state } = type(withRequest(EMPTY, made), ...keys);
        const lines = screen({ ...state, message: evil }, columns, rows, Date.now());
        assert.ok(lines.length <= rows);
        for (const line of lines) {
          assert.ok(Array.from(line).length < columns, line);
          assert.deepEqual(acting(line), []);
        }
      },
    ),
    { numRuns: 300 },
  );
  const evil = 'x\u001b[2J\u202e\nrequest zzzz-zzzz: approved';
  const state = withRequest(EMPTY, request('aaaa-0001', { statement: evil, relations: [evil] }));
  const { state: shown } = type(state, '\r');
  for (const line of screen(shown, 100, 50, 0)) assert.doesNotMatch(line, /^request zzzz/);
});

test('on a terminal: sees what waits, approves it, and leaves everything as it was', async (t) => {
  const house = await bench(t);
  const first = await house.approvals.ask(asked());
  const client = makeClient({ url: house.url, token: TOKENS.ana });
  let drawn = '';
  let raw = false;
  const input = Object.assign(new EventEmitter(), {
    setRawMode: (mode: boolean) => void (raw = mode),
    setEncoding: () => undefined,
    resume: () => undefined,
    pause: () => undefined,
  });
  const output = Object.assign(new EventEmitter(), {
    write: (text: string) => void (drawn += text),
    columns: 100,
    rows: 40,
  });
  const until = async (pattern: RegExp): Promise<void> => {
    for (let i = 0; i < 200; i += 1) {
      if (pattern.test(stripVTControlCharacters(drawn))) return;
      await sleep(10);
    }
    assert.match(stripVTControlCharacters(drawn), pattern);
  };
  const events = client.events();
  const done = live(client, events, { input, output } as unknown as Terminal);
  await until(new RegExp(`> ${first.id}`));
  assert.equal(raw, true);
  const second = await house.approvals.ask(asked({ statement: 'DROP TABLE x' }));
  await until(/DROP TABLE x/);
  input.emit('data', 'a');
  await until(new RegExp(`approve ${first.id}, because: _`));
  input.emit('data', 'month end');
  input.emit('data', '\r');
  await until(new RegExp(`approved ${first.id} of etl-bot`));
  input.emit('data', 'e');
  input.emit('data', 'later\r');
  await until(new RegExp(`(escalated|${second.id}: )`));
  input.emit('data', 'q');
  await done;
  assert.equal(raw, false);
  assert.ok(drawn.endsWith('\u001b[?2004l\u001b[?25h\u001b[?1049l'));
  assert.equal(input.listenerCount('data') + output.listenerCount('resize'), 0);
  const decided = await Promise.resolve(house.approvals.get(first.id));
  assert.deepEqual(
    decided.decisions.map((one) => [one.approver, one.reason, one.channel]),
    [['ana', 'month end', 'cli']],
  );
});
