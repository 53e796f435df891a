import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { analyze } from '../../src/sql/analyze.ts';
import { MAX_NESTING } from '../../src/sql/limits.ts';
import { nestsBeyond } from '../../src/sql/nesting.ts';
import { statedReason } from '../../src/sql/reason.ts';
import { loadParser, parseText } from '../../src/sql/parser.ts';
import { UNREADABLE_TEXT, withoutLiterals } from '../../src/sql/redact.ts';
import * as cases from './action-cases.ts';
import { LIMITS, statement, table } from './reading.ts';

const CORPUS = Object.values(cases).flatMap((text) => table(text).map(([, sql]) => sql));

describe('deep texts', () => {
  const forms: Record<string, (n: number) => string> = {
    'left operators': (n) => `SELECT a${' + a'.repeat(n)}`,
    casts: (n) => `SELECT a${'::b'.repeat(n)}`,
    collations: (n) => `SELECT a${' COLLATE c'.repeat(n)}`,
    'time zones': (n) => `SELECT a${' AT LOCAL'.repeat(n)}`,
    tests: (n) => `SELECT a${' ISNULL'.repeat(n)}`,
    'is null': (n) => `SELECT a${' IS NULL'.repeat(n)}`,
    nots: (n) => `SELECT ${'NOT '.repeat(n)}true`,
    minuses: (n) => `SELECT ${'- '.repeat(n)}a`,
    arrays: (n) => `SELECT ARRAY${'['.repeat(n)}${']'.repeat(n)}`,
    calls: (n) => `SELECT ${'f('.repeat(n)}1${')'.repeat(n)}`,
    'calls with lists': (n) => `SELECT ${'f(1, '.repeat(n)}1${')'.repeat(n)}`,
    'operators around lists': (n) => `SELECT a${' + f(1, 2)'.repeat(n)}`,
    subscripts: (n) => `SELECT ${'a['.repeat(n)}1${']'.repeat(n)}`,
    'sub-queries': (n) => `SELECT ${'(SELECT '.repeat(n)}1${')'.repeat(n)}`,
    unions: (n) => `SELECT 1, 2${' UNION SELECT 1, 2'.repeat(n)}`,
    joins: (n) => `SELECT 1 FROM a${' CROSS JOIN a'.repeat(n)}`,
    'strings between': (n) => `SELECT a${" || ',' || $x$,$x$".repeat(n)}`,
    'comments between': (n) => `SELECT a${' + /* , */ a -- ,\n'.repeat(n)}`,
  };
  for (const [name, form] of Object.entries(forms)) {
    it(`${name}: refused before they reach the parser, which lives on`, () => {
      const deep = analyze(form(20_000), LIMITS);
      assert.equal(deep.kind, 'unreadable');
      assert.equal(deep.kind === 'unreadable' && deep.limit, true);
      assert.equal(statement('SELECT a FROM t').relations.length, 1);
      assert.equal(analyze(form(100), LIMITS).kind, 'parsed');
    });
  }

  it('long is not deep', () => {
    const n = 5_000;
    for (const sql of [
      `INSERT INTO t VALUES ${Array(n).fill("(1, 'a+b', now() - 1)").join(', ')}`,
      `SELECT 1 FROM t WHERE ${Array(n).fill('a = 1').join(' OR ')}`,
      `SELECT 1 FROM t WHERE a IN (${Array(n).fill('-1').join(', ')})`,
      `SELECT '${'+-(['.repeat(n)}', "${'(+'.repeat(20)}", $a$${'(('.repeat(n)}$a$, E'\\'${'(('.repeat(n)}' /* ${'(('.repeat(n)} */`,
      Array(n).fill('SELECT 1 + 1').join(';'),
    ]) {
      assert.equal(nestsBeyond(sql, MAX_NESTING), false, sql.slice(0, 60));
      assert.equal(analyze(sql, LIMITS).kind, 'parsed', sql.slice(0, 60));
    }
  });
});

describe('a parser that broke', () => {
  it('is never used again, and is replaced', async () => {
    // a false length gets the text past the scan that would have refused it
    const broken = parseText(`SELECT a${' COLLATE c'.repeat(20_000)}`, 0);
    assert.deepEqual([broken.kind, broken.kind === 'unreadable' && broken.limit], ['unreadable', true]);
    assert.equal(analyze('SELECT 1', LIMITS).kind, 'unreadable');
    assert.equal(withoutLiterals('SELECT 1'), UNREADABLE_TEXT);
    await loadParser();
    assert.equal(statement('SELECT a FROM t').relations.length, 1);
  });
});

describe('analyze never throws', () => {
  const check = (text: string): void => {
    const analysis = analyze(text, LIMITS);
    assert.ok(analysis.kind === 'parsed' || typeof analysis.reason === 'string');
    assert.equal(typeof withoutLiterals(text), 'string');
    statedReason(text);
  };

  it('on any string', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 500 });
  });

  it('on mutated SQL, and what it reads has an action', () => {
    const pieces = [
      '(',
      ')',
      "'",
      '"',
      '$$',
      ';',
      ',',
      '*',
      ' SELECT ',
      ' FROM t ',
      ' WITH x AS ',
      '--',
      '/*',
      '*/',
      '\u00e9',
      '\ud800',
      '\u0000',
    ];
    const mutation = fc.tuple(
      fc.constantFrom(...CORPUS),
      fc.array(fc.tuple(fc.nat(), fc.nat(5), fc.constantFrom(...pieces, ...CORPUS)), { maxLength: 4 }),
    );
    fc.assert(
      fc.property(mutation, ([sql, edits]) => {
        let text = sql;
        for (const [at, cut, piece] of edits) {
          const from = at % (text.length + 1);
          text = text.slice(0, from) + piece + text.slice(from + cut);
        }
        check(text);
        const analysis = analyze(text, LIMITS);
        if (analysis.kind === 'parsed')
          for (const each of analysis.statements) assert.ok(each.actions.length > 0, text);
      }),
      { numRuns: 1500 },
    );
  });

  it('refuses what would be parsed as another text', () => {
    assert.equal(analyze('SELECT 1\u0000; DROP TABLE t', LIMITS).kind, 'unreadable');
    assert.equal(analyze("SELECT '\ud800'", LIMITS).kind, 'unreadable');
  });

  it('says which limit a long text is over', () => {
    const analysis = analyze('SELECT 1', { maxStatementBytes: 7 });
    assert.deepEqual(analysis, { kind: 'unreadable', reason: 'it is longer than 7 bytes', limit: true });
    assert.equal(analyze("SELECT 'é'", { maxStatementBytes: 10 }).kind, 'unreadable');
  });

  it('a syntax error keeps literals to itself (I8)', () => {
    const analysis = analyze("SELECT 'hunter2' 'x' FROM FROM", LIMITS);
    assert.equal(analysis.kind, 'unreadable');
    assert.doesNotMatch(JSON.stringify(analysis), /hunter2/);
  });

  it('several statements: one bad, all unreadable', () => {
    assert.equal(analyze('SELECT 1; SELEC 2', LIMITS).kind, 'unreadable');
  });
});
