import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, editDistance } from '../../src/config/did-you-mean.ts';
import { parseColumnPattern, parseRelationPattern } from '../../src/config/name-pattern.ts';
import { parseDuration, parseSize, showMs } from '../../src/config/values.ts';

test('durations need a unit', () => {
  for (const [text, ms] of [
    ['15m', 900_000],
    ['30s', 30_000],
    ['2h', 7_200_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['1d', 86_400_000],
  ] as const) {
    assert.equal(parseDuration(text), ms, text);
  }
  for (const text of ['15', '', 'm', '-5m', '1e3s', '5 minutes', '5constructor', '5M'])
    assert.equal(parseDuration(text), null, text);
  assert.deepEqual([900_000, 30_000, 86_400_000, 250].map(showMs), ['15m', '30s', '1d', '250ms']);
});

test('sizes tell binary from decimal units', () => {
  assert.deepEqual(['64MiB', '1kB', '10 B', '1 GiB'].map(parseSize), [67_108_864, 1000, 10, 1_073_741_824]);
  assert.deepEqual(['64', '1mb', 'KiB'].map(parseSize), [null, null, null]);
});

test('patterns fill in from the left and keep quoted dots', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['public.customers.email', 'public', 'customers', 'email'],
    ['customers.email', '*', 'customers', 'email'],
    ['email', '*', '*', 'email'],
    ['*.phone', '*', '*', 'phone'],
    ['*_token', '*', '*', '*_token'],
    ['"odd.schema".t.c', 'odd.schema', 't', 'c'],
    ['"a""b".c', '*', 'a"b', 'c'],
  ];
  for (const [text, schema, table, column] of cases) {
    assert.deepEqual(parseColumnPattern(text), { kind: 'ok', pattern: { schema, table, column } }, text);
  }
  assert.deepEqual(parseRelationPattern('hr.*'), { kind: 'ok', pattern: { schema: 'hr', table: '*' } });
  for (const text of [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    'a.b.c.d',
    '"a',
    '"a"b',
    'a"b"',
    ' a',
    'a .b',
    '""',
    'x'.repeat(64),
  ]) {
    assert.equal(parseColumnPattern(text).kind, 'invalid', JSON.stringify(text));
  }
  assert.equal(parseRelationPattern('a.b.c').kind, 'invalid');
});

test('suggestions are near, or none', () => {
  assert.equal(didYouMean('aproovers', ['approvers', 'quorum']), 'approvers');
  assert.equal(didYouMean('visible-to', ['visibleTo', 'with']), 'visibleTo');
  assert.equal(didYouMean('foo', ['hold', 'deny', 'allow']), null);
  assert.equal(editDistance('hodl', 'hold'), 1);
  assert.equal(editDistance('', 'abc'), 3);
});
