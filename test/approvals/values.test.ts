import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bindingOf } from '../../src/approvals/binding.ts';
import { isWholeId, newRequestId, readId } from '../../src/approvals/id.ts';
import type { BindingFacts, RequestState } from '../../src/approvals/request.ts';
import { isFinal, mayMove } from '../../src/approvals/transitions.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const facts: fc.Arbitrary<BindingFacts> = fc.record({
  agent: text,
  database: text,
  role: text,
  rulesVersion: text,
  sql: text,
  parameters: fc.uint8Array({ maxLength: 12 }),
  objects: fc.array(text, { maxLength: 4 }),
  settings: fc.array(text, { maxLength: 4 }),
  unmask: fc.array(text, { maxLength: 4 }),
});
const plain = (f: BindingFacts): string => JSON.stringify({ ...f, parameters: [...f.parameters] });

test('I4: a binding is equal for equal facts and for no others', () => {
  fc.assert(
    fc.property(facts, facts, (a, b) => {
      assert.equal(bindingOf(a) === bindingOf(b), plain(a) === plain(b));
      assert.match(bindingOf(a), /^[0-9a-f]{64}$/);
    }),
  );
});

test('I4: moving bytes from one field to its neighbour changes the binding', () => {
  const base: BindingFacts = {
    agent: 'ab',
    database: 'cd',
    role: 'ef',
    rulesVersion: 'v',
    sql: 's',
    parameters: new Uint8Array(),
    objects: ['a', 'bc'],
    settings: ['search_path=a'],
    unmask: [],
  };
  const moved: BindingFacts[] = [
    base,
    { ...base, agent: 'abc', database: 'd' },
    { ...base, database: 'cde', role: 'f' },
    { ...base, rulesVersion: 'vs', sql: '' },
    { ...base, sql: '', parameters: Buffer.from('s') },
    { ...base, objects: ['ab', 'c'] },
    { ...base, objects: ['abc'] },
    { ...base, objects: ['a', 'bc', ''] },
    { ...base, objects: ['bc', 'a'] },
    { ...base, objects: ['a', 'bc', 'search_path=a'], settings: [] },
    { ...base, settings: [], unmask: ['search_path=a'] },
    { ...base, settings: ['search_path=b'] },
    { ...base, sql: 's ' },
    { ...base, sql: 'S' },
  ];
  assert.equal(new Set(moved.map(bindingOf)).size, moved.length);
  assert.throws(() => bindingOf({ ...base, sql: '\ud800' }), { code: 'unparsable-encoding' });
});

test('ids are whole, in their form, and found again however they are typed', () => {
  const ids = Array.from({ length: 2000 }, newRequestId);
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) {
    assert.match(id, /^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$/);
    assert.ok(isWholeId(id));
    assert.equal(
      readId(` ${id.toUpperCase().replace('-', '').replaceAll('0', 'O').replaceAll('1', 'l')}`),
      id,
    );
    for (let n = 1; n < id.length; n += 1)
      assert.ok(id.startsWith(readId(id.slice(0, n)) ?? '?'), id.slice(0, n));
  }
});

test('the state machine is the one in the contract', () => {
  const states: RequestState[] = ['pending', 'approved', 'denied', 'expired', 'withdrawn', 'spent', 'lapsed'];
  const moves = states.flatMap((from) =>
    states.filter((to) => mayMove(from, to)).map((to) => `${from}→${to}`),
  );
  assert.deepEqual(moves, [
    'pending→approved',
    'pending→denied',
    'pending→expired',
    'pending→withdrawn',
    'approved→spent',
    'approved→lapsed',
  ]);
  assert.deepEqual(states.filter(isFinal), ['denied', 'expired', 'withdrawn', 'spent', 'lapsed']);
});
