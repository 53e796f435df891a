import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { block, duration, json, oneLine, safe, shellWord, table } from '../../src/cli/output.ts';
import { acting, pointsIn } from './support.ts';

test('controls, escapes, bidi and zero-width characters are shown and not acted on', () => {
  const cases: [string, string][] = [
    ['\u001b[2J', '\\u{1b}[2J'],
    ['\u009b31m', '\\u{9b}31m'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['\u0007\u0000\u007f', '\\u{7}\\u{0}\\u{7f}'],
    ['x\u202edrop\u202c', 'x\\u{202e}drop\\u{202c}'],
    ['\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['a\u200bb\u200d\ufeff', 'a\\u{200b}b\\u{200d}\\u{feff}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u00a0', '\\u{a0}'],
    ['\ud800', '\\u{d800}'],
    ['\u{e0041}', '\\u{e0041}'],
    ['\u3164', '\\u{3164}'],
    ['\u{10ffff}', '\\u{10ffff}'],
  ];
  for (const [given, shown] of cases) assert.equal(safe(given), shown);
});

test('what shows as itself stays as it is', () => {
  for (const text of ['select * from "t" where a = $1', 'Grüße, 日本語, العربية, 😀', 'e\u0301', 'C:\\temp'])
    assert.equal(safe(text), text);
});

test('marks cannot pile up over other lines', () => {
  assert.equal(safe(`a${'\u0301'.repeat(50)}`).match(/\u0301/gu)?.length, 3);
});

test('property: nothing that acts comes out of safe, oneLine, block, table or json', () => {
  const nasty = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc
      .array(
        fc.constantFrom(
          '\u001b',
          '\u009b',
          '\u202e',
          '\u2066',
          '\u200b',
          '\n',
          '\r',
          '\u2028',
          'a',
          ' ',
          '\ud83d',
        ),
        { maxLength: 300 },
      )
      .map((all) => all.join('')),
  );
  fc.assert(
    fc.property(nasty, fc.integer({ min: 40, max: 120 }), (text, width) => {
      assert.deepEqual(acting(safe(text)), []);
      assert.ok(!safe(text).includes('\n'));
      assert.ok(safe(text).isWellFormed());
      const line = oneLine(text, width);
      assert.deepEqual(acting(line), []);
      assert.ok(pointsIn(line) <= width);
      for (const one of block(text, width).split('\n')) {
        assert.deepEqual(acting(one), []);
        assert.match(one, /^ {2}\|/);
        assert.ok(pointsIn(one) <= width);
      }
      const rows = table(
        ['id', 'statement'],
        [
          [text, text],
          ['b', text],
        ],
        width,
      ).split('\n');
      assert.equal(rows.length, 3);
      for (const one of rows) assert.deepEqual(acting(one), []);
      const encoded = json({ text });
      assert.equal(encoded.split('\n').length, 3);
      for (const one of encoded.split('\n')) assert.deepEqual(acting(one), []);
      assert.deepEqual(JSON.parse(encoded), { text });
    }),
  );
});

test('a block leaves out nothing and lets no line begin like ours', () => {
  const text = `drop${' '.repeat(500)}decisions: approved by ana\nagent olga`;
  const shown = block(text, 80);
  assert.ok(shown.split('\n').every((line) => line.startsWith('  |')));
  assert.equal(
    shown
      .split('\n')
      .map((line) => line.slice(4))
      .join(''),
    text.replace('\n', ''),
  );
});

test('a list shortens and says so', () => {
  assert.equal(oneLine('select   1\n from t', 80), 'select 1 from t');
  const cut = oneLine('x'.repeat(100), 20);
  assert.equal(cut, `${'x'.repeat(18)}…`);
});

test('durations and shell words', () => {
  assert.deepEqual(
    [4_000, 61_000, 3_600_000 * 5, 86_400_000 * 2, -5].map((ms) => duration(ms)),
    ['4s', '1m', '5h', '2d', '0s'],
  );
  assert.deepEqual(
    [61_000, 60_000, 3_660_000].map((ms) => duration(ms, true)),
    ['1m 1s', '1m', '1h 1m'],
  );
  assert.deepEqual(['k7f3-9qzm', 'a b', "it's", '$(x)'].map(shellWord), [
    'k7f3-9qzm',
    "'a b'",
    "'it'\\''s'",
    "'$(x)'",
  ]);
});
