import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CopyOptions } from '../../src/sql/statement.ts';
import { statement, statements } from './reading.ts';

describe('effects', () => {
  const simple: [string, object][] = [
    ['SELECT 1', { kind: 'none' }],
    ['EXECUTE p(1)', { kind: 'execute', name: 'p' }],
    ['EXPLAIN ANALYZE EXECUTE p', { kind: 'execute', name: 'p' }],
    ['CREATE TABLE x AS EXECUTE p', { kind: 'execute', name: 'p' }],
    ['DEALLOCATE PREPARE "P"', { kind: 'deallocate', name: 'P' }],
    ['DEALLOCATE ALL', { kind: 'deallocate', name: null }],
    ['FETCH 5 FROM c', { kind: 'fetch', name: 'c' }],
    ['MOVE c', { kind: 'fetch', name: 'c' }],
    ['CLOSE c', { kind: 'close', name: 'c' }],
    ['CLOSE ALL', { kind: 'close', name: null }],
    ['DISCARD ALL', { kind: 'discard', what: 'all' }],
    ['DISCARD PLANS', { kind: 'discard', what: 'plans' }],
    ['DISCARD SEQUENCES', { kind: 'discard', what: 'sequences' }],
    ['DISCARD TEMPORARY', { kind: 'discard', what: 'temp' }],
    ['BEGIN', { kind: 'transaction', verb: 'begin' }],
    ['ROLLBACK TO SAVEPOINT s', { kind: 'transaction', verb: 'rollback to savepoint', savepoint: 's' }],
    ["SET Search_Path TO a, 'b c'", { kind: 'set', name: 'search_path', value: 'a, b c', local: false }],
    ['SET LOCAL work_mem = 5', { kind: 'set', name: 'work_mem', value: '5', local: true }],
    ["SET TIME ZONE 'utc'", { kind: 'set', name: 'timezone', value: 'utc', local: false }],
    ["SET NAMES 'latin1'", { kind: 'set', name: 'client_encoding', value: 'latin1', local: false }],
    ['SET a TO DEFAULT', { kind: 'set', name: 'a', value: null, local: false }],
    ['RESET a', { kind: 'set', name: 'a', value: null, local: false }],
    ['RESET ALL', { kind: 'set', name: 'all', value: null, local: false }],
    ["SET postern.reason = 'x y'", { kind: 'set', name: 'postern.reason', value: 'x y', local: false }],
    ['COPY t FROM STDIN', { kind: 'copy-in' }],
    ["COPY t FROM '/x'", { kind: 'none' }],
    ["COPY t TO PROGRAM 'x'", { kind: 'none' }],
  ];
  for (const [sql, expected] of simple) {
    it(sql, () => assert.deepEqual(statement(sql).effect, expected));
  }

  it('PREPARE and DECLARE hold a statement with its own text', () => {
    const prepare = statement('PREPARE "as" (int, text) AS /* as */ DELETE FROM t').effect;
    assert.equal(
      prepare.kind === 'prepare' && `${prepare.name}: ${prepare.inner.text}`,
      'as: /* as */ DELETE FROM t',
    );
    assert.equal(prepare.kind === 'prepare' && prepare.inner.actions[0]?.destructive, true);
    const declare = statement('DECLARE c BINARY CURSOR WITH HOLD FOR SELECT a FROM t FOR UPDATE').effect;
    assert.equal(declare.kind === 'declare' && declare.inner.text, 'SELECT a FROM t FOR UPDATE');
  });
});

describe('settings', () => {
  it('by SET and set_config alike', () => {
    assert.deepEqual(statement("SET Role = 'x'").settings, [{ name: 'role', value: 'x', known: true }]);
    assert.deepEqual(statement("SELECT set_config('Client_Encoding', 'latin1', false)").settings, [
      { name: 'client_encoding', value: 'latin1', known: true },
    ]);
    assert.deepEqual(statement("SELECT set_config('a.b', $1, false)").settings, [
      { name: 'a.b', value: null, known: false },
    ]);
    assert.deepEqual(statement('SET TRANSACTION READ ONLY').settings, [
      { name: 'transaction_read_only', value: '1', known: true },
    ]);
  });
});

describe('COPY', () => {
  const text: CopyOptions = {
    format: 'text',
    delimiter: '\t',
    quote: '"',
    escape: '"',
    nullText: '\\N',
    header: false,
    forceQuote: [],
  };
  const csv: CopyOptions = { ...text, format: 'csv', delimiter: ',', nullText: '' };
  const cases: [string, CopyOptions][] = [
    ['', text],
    ['CSV', csv],
    ['WITH CSV HEADER', { ...csv, header: true }],
    ['(FORMAT csv)', csv],
    ['(FORMAT "csv", HEADER)', { ...csv, header: true }],
    ['(FORMAT csv, HEADER true)', { ...csv, header: true }],
    ['(FORMAT csv, HEADER 1)', { ...csv, header: true }],
    ['(FORMAT csv, HEADER off)', csv],
    ['(FORMAT csv, HEADER match)', { ...csv, header: true }],
    ['(HEADER)', { ...text, header: true }],
    [
      "(FORMAT csv, DELIMITER ';', NULL 'n', QUOTE '''', ESCAPE '\\')",
      { ...csv, delimiter: ';', nullText: 'n', quote: "'", escape: '\\' },
    ],
    ["(FORMAT csv, QUOTE '|')", { ...csv, quote: '|', escape: '|' }],
    ['(FORMAT csv, FORCE_QUOTE *)', { ...csv, forceQuote: '*' }],
    ['(FORMAT csv, FORCE_QUOTE (a, b))', { ...csv, forceQuote: ['a', 'b'] }],
    ['CSV FORCE QUOTE a', { ...csv, forceQuote: ['a'] }],
    ['CSV FORCE QUOTE *', { ...csv, forceQuote: '*' }],
    ["USING DELIMITERS '|' WITH NULL AS ''", { ...text, delimiter: '|', nullText: '' }],
    ["DELIMITER E'\\x01'", { ...text, delimiter: '\u0001' }],
    ['BINARY', { ...text, format: 'binary' }],
    ['(FORMAT binary)', { ...text, format: 'binary' }],
    ["(ENCODING 'LATIN1')", { ...text, encoding: 'latin1' }],
  ];
  for (const [options, expected] of cases) {
    it(`TO STDOUT ${options}`, () => {
      const { effect } = statement(`COPY t TO STDOUT ${options}`);
      assert.deepEqual(effect.kind === 'copy-out' && effect.options, expected);
    });
  }

  it('knows its source', () => {
    const source = (sql: string) => {
      const { effect } = statement(sql);
      return effect.kind === 'copy-out' ? effect.source : null;
    };
    const relation = { schema: 's', name: 't', access: 'read' };
    assert.deepEqual(source('COPY s.t TO STDOUT'), { kind: 'table', relation, columns: null });
    assert.deepEqual(source('COPY s.t (a, "B") TO STDOUT'), { kind: 'table', relation, columns: ['a', 'B'] });
    assert.deepEqual(source("COPY /* ( */ ( SELECT ')', (1) ) TO STDOUT (FORMAT csv)"), {
      kind: 'query',
      text: "SELECT ')', (1)",
    });
    assert.deepEqual(source("COPY (SELECT 'é', 1) TO STDOUT"), { kind: 'query', text: "SELECT 'é', 1" });
  });
});

describe('texts', () => {
  it('are cut by bytes', () => {
    const texts = statements("SELECT 'é😀'; ; UPDATE t SET a = 'ü' ;\nSELECT 3").map((each) => each.text);
    assert.deepEqual(texts, ["SELECT 'é😀'", "UPDATE t SET a = 'ü'", 'SELECT 3']);
  });

  it('an empty message holds no statement', () => {
    for (const sql of ['', ' ', ';', ';;', '-- x', '/* x */']) assert.equal(statements(sql).length, 0);
  });
});
