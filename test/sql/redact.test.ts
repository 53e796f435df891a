import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_REASON_LENGTH } from '../../src/sql/limits.ts';
import { loadParser, scanText } from '../../src/sql/parser.ts';
import { statedReason } from '../../src/sql/reason.ts';
import { UNREADABLE_TEXT, withoutLiterals } from '../../src/sql/redact.ts';
import { TOKEN } from '../../src/sql/tokens.ts';

await loadParser();

describe('withoutLiterals', () => {
  const cases: [string, string][] = [
    ["SELECT 'a', 5, 1.5, 1e3, 0x1F, $1 FROM t", 'SELECT ?, ?, ?, ?, ?, $1 FROM t'],
    ["SELECT E'a\\'b', U&'x' UESCAPE '!', B'1', X'1f', N'x', 'a'\n'b'", 'SELECT ?, ? UESCAPE ?, ?, ?, N?, ?'],
    ['SELECT $$a$$, $x$ $$ $x$', 'SELECT ?, ?'],
    ['SELECT a -- secret\nFROM /* secret /* nested */ */ "T é"', 'SELECT a FROM "T é"'],
    ["DO $$ BEGIN PERFORM 'x'; END $$", 'DO ?'],
    [
      "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
      'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ?',
    ],
    ["ALTER ROLE x PASSWORD 'p'", 'ALTER ROLE x PASSWORD ?'],
    ['SELECT "a\u202eb"', 'SELECT "a\ufffdb"'],
    ["SELECT 'x", UNREADABLE_TEXT],
    ['SELECT /* x', UNREADABLE_TEXT],
    ['SELECT $$x', UNREADABLE_TEXT],
    ['SELECT 1\u0000', UNREADABLE_TEXT],
    ['', ''],
  ];
  for (const [sql, expected] of cases)
    it(JSON.stringify(sql), () => assert.equal(withoutLiterals(sql), expected));

  it('no literal survives', () => {
    const quoted = [
      (s: string) => `'${s}'`,
      (s: string) => `E'\\n${s}'`,
      (s: string) => `$q$${s}$q$`,
      (s: string) => `/* ${s} */ 1`,
      (s: string) => `1 -- ${s}\n`,
    ];
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom(...quoted),
            fc.string({ unit: fc.constantFrom('a', 'z', 'é', '😀', '\u0001', '\f', ' '), maxLength: 5 }),
          ),
          { minLength: 1 },
        ),
        (parts) => {
          const sql = `SELECT ${parts.map(([quote, s]) => quote(`zq${s}zq`)).join(', ')} FROM t`;
          assert.doesNotMatch(withoutLiterals(sql), /zq/);
          assert.match(withoutLiterals(sql), /FROM t$/);
        },
      ),
    );
  });

  it('knows the scanner’s token numbers', () => {
    const types = (scanText("1.5 'a' U&'a' B'1' X'1' 1 -- a\n/* a */") ?? []).map((token) => token.tokenType);
    assert.deepEqual(types, [
      TOKEN.FCONST,
      TOKEN.SCONST,
      TOKEN.USCONST,
      TOKEN.BCONST,
      TOKEN.XCONST,
      TOKEN.ICONST,
      TOKEN.SQL_COMMENT,
      TOKEN.C_COMMENT,
    ]);
  });
});

describe('statedReason', () => {
  const cases: [string, string | null][] = [
    ['SELECT 1 /* reason: support ticket 5 */', 'support ticket 5'],
    ['/*reason:x*/ SELECT 1', 'x'],
    ['/* Reason : a\n  b */ SELECT 1', 'a b'],
    ['/* other */ /* reason: one */ /* reason: two */ SELECT 1', 'one'],
    ["SELECT '/* reason: in a literal */'", null],
    ["SELECT '/* reason: in a literal */' /* reason: real */", 'real'],
    ['SELECT $$/* reason: x */$$', null],
    ['SELECT "/* reason: x */"', null],
    ['-- /* reason: x */\nSELECT 1', null],
    ['SELECT 1 /* a reason: x */', null],
    ['SELECT 1 /* reason: */', null],
    ['SELECT 1 /* reason: safe\u202e\u0007\u200b text */', 'safe text'],
    ['SELECT 1 /* reason: x', null],
    ['SELECT 1', null],
  ];
  for (const [sql, expected] of cases)
    it(JSON.stringify(sql), () => assert.equal(statedReason(sql), expected));

  it('is bounded', () => {
    assert.equal(statedReason(`/* reason: ${'x'.repeat(5000)} */`)?.length, MAX_REASON_LENGTH);
  });
});
