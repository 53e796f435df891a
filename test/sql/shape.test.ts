/** The scanner of shapes against PostgreSQL's own: the same literals, and nothing else that differs. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { loadParser } from '../../src/sql/parser.ts';
import { shapeOf } from '../../src/sql/shape.ts';
import { TOKEN, tokensOf } from '../../src/sql/tokens.ts';
import { TEXTS as ATTACKS } from '../attacks/cases/index.ts';
import { TEXTS } from '../benign/corpus.ts';
import { generate } from '../oracle/generate.ts';
import { OTHERS, withOthers } from './literals.ts';

const LITERALS: ReadonlySet<number> = new Set([
  TOKEN.FCONST,
  TOKEN.SCONST,
  TOKEN.USCONST,
  TOKEN.BCONST,
  TOKEN.XCONST,
  TOKEN.ICONST,
]);

before(loadParser);

/** Whether it has a shape. */
function isHeldAgainstTheServers(text: string): boolean {
  const shape = shapeOf(text);
  if (shape === null) return false;
  const tokens = tokensOf(text);
  if (tokens === null) return true;
  const literals = tokens.filter(({ type }) => LITERALS.has(type));
  assert.deepEqual(
    literals.map(({ start }) => start),
    shape.literals,
    `the literals of ${text}`,
  );
  assert.ok(literals.every(({ type }) => type === TOKEN.SCONST || type === TOKEN.ICONST));
  assert.ok(tokens.every(({ type }) => type !== TOKEN.C_COMMENT && type !== TOKEN.SQL_COMMENT));
  const words = ({ type, text: word }: { type: number; text: string }): string =>
    LITERALS.has(type) ? `${type}` : word;
  for (let n = 0; n < OTHERS; n++) {
    const other = withOthers(shape, n);
    assert.equal(shapeOf(other)?.key, shape.key, other);
    assert.deepEqual(tokensOf(other)?.map(words), tokens.map(words), other);
  }
  return true;
}

test('texts of attackers, of honest clients and made at random', (t) => {
  const texts = [...ATTACKS, ...TEXTS, ...generate(7, 2000, 18)];
  const shaped = texts.filter(isHeldAgainstTheServers).length;
  t.diagnostic(`${shaped} of ${texts.length} have a shape`);
  assert.ok(shaped > texts.length / 5, 'too few to prove anything');
});

const PIECES = [
  ...'\'"\\$&?@#:;.,()[]=<>!+-*/%|~^` \n\t\r\f\v\u0001\u0002\u0000',
  'E',
  'n',
  'B',
  'x',
  'U&',
  'u&',
  '--',
  '/*',
  '*/',
  '$$',
  '$1',
  '$a$',
  '1',
  '12',
  '1e5',
  '1.5',
  '.5',
  '0x1F',
  '1_000',
  "'a'",
  "''",
  "'a''b'",
  "E'a'",
  "'a' 'b'",
  "'a'\n'b'",
  '"a"',
  '"a""b"',
  'uescape',
  'select ',
  'é',
  '𝒳',
  '::',
  '9999999999',
];

test('anything put together of what a lexer stumbles over', (t) => {
  let shaped = 0;
  const text = fc
    .array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 12 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(text, (one) => {
      if (isHeldAgainstTheServers(one)) shaped++;
    }),
    { numRuns: 8000 },
  );
  t.diagnostic(`${shaped} had a shape`);
  assert.ok(shaped > 100);
});

const NONE: readonly string[] = [
  "select E'a' = x",
  "select n'a' = x",
  "select U&'a' = x",
  'select $$a$$ = x, 1',
  'select 1.5 = x',
  'select 1e5 = x',
  'select 0x10 = x',
  'select 1_000 = x',
  'select 12345678901 = x',
  "select 'a\\' = x",
  "select 'a'\n'b' = x",
  'select 1 -- x',
  'select /* x */ 1',
  'select $1 = 1',
  "select 'é' = x",
  "select 'a",
  'select "a',
  'select x',
  `select ${'x'.repeat(5000)} = 1`,
];
for (const text of NONE) {
  test(`no shape: ${text.slice(0, 40)}`, () => assert.equal(shapeOf(text), null));
}
