import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statement, table } from './reading.ts';

const COLUMNS = `
a b | SELECT a FROM t WHERE b = 1
ssn | SELECT c.ssn FROM customers c
ssn | SELECT public.customers.ssn FROM public.customers
ssn c | SELECT ssn(c) FROM customers c
ssn c | SELECT (c).ssn FROM customers c
a b c | SELECT 1 FROM t JOIN u USING (a, b) ORDER BY c
a | UPDATE t SET ssn = 1 WHERE a = 1
a | INSERT INTO t (ssn) VALUES (1) RETURNING a
a | INSERT INTO t (ssn) VALUES (1) ON CONFLICT (ssn) DO UPDATE SET ssn = t.a
lower ssn | INSERT INTO t (ssn) VALUES (1) ON CONFLICT (lower(ssn)) DO NOTHING
ssn | COPY t (ssn) TO STDOUT
ssn | CREATE INDEX i ON t (ssn)
a b | SELECT 1 FROM t WINDOW w AS (PARTITION BY a ORDER BY b)
`;

const STARS = `
star | SELECT * FROM t
star | SELECT t.* FROM t
star | SELECT (c).* FROM customers c
star | SELECT c FROM customers c
star | SELECT customers FROM customers
star | SELECT x FROM (SELECT 1) x
star | SELECT to_jsonb(c) FROM customers c
star | SELECT c.row_to_json FROM customers c
star | TABLE t
star | COPY t TO STDOUT
star | INSERT INTO t VALUES (1) RETURNING old
star | UPDATE t SET a = 1 WHERE id = 1 RETURNING WITH (OLD AS o) o
star | SELECT 1 FROM a NATURAL JOIN b
star | SELECT z FROM customers AS c (x, y, z)
star | SELECT z FROM (a JOIN b ON true) AS c (x, y, z)
star | SELECT w FROM (WITH w AS (SELECT 1) SELECT w FROM w) x
star | UPDATE t SET a = t::text WHERE id = 1
star | MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s::text
none | SELECT a FROM t
none | SELECT count(*) FROM t
none | SELECT customers FROM customers c
none | SELECT x.a FROM (SELECT 1 AS a) x
none | UPDATE t SET a = 1 WHERE id = 1
`;

describe('mentions', () => {
  for (const [expected, sql] of table(COLUMNS)) {
    it(`columns: ${sql}`, () => {
      assert.deepEqual([...statement(sql).mentions.columns].sort(), expected.split(' ').sort());
    });
  }
  for (const [expected, sql] of table(STARS)) {
    it(`star: ${sql}`, () => assert.equal(statement(sql).mentions.star, expected === 'star'));
  }
});

describe('names', () => {
  const ref = (schema: string | null, name: string) => ({ schema, name });

  it('functions as written; those that SQL syntax implies are pg_catalog’s', () => {
    const { functions } = statement(
      'SELECT app.f(a), lower(b), EXTRACT(year FROM c) FROM g() TABLESAMPLE h (1)'.replace(
        ' TABLESAMPLE h (1)',
        '',
      ),
    );
    assert.deepEqual(functions, [
      ref('app', 'f'),
      ref(null, 'lower'),
      ref('pg_catalog', 'extract'),
      ref(null, 'g'),
    ]);
    assert.deepEqual(statement('CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION app.f()').functions, [
      ref('app', 'f'),
    ]);
  });

  it('operators, implied ones too', () => {
    const names = (sql: string) => statement(sql).operators.map((op) => (op.schema ?? '') + op.name);
    assert.deepEqual(names('SELECT a OPERATOR(x.=) b, c || d, e LIKE f, -g'), ['x=', '||', '~~', '-']);
    assert.deepEqual(names('SELECT 1 WHERE a BETWEEN 1 AND 2'), ['>=', '<=']);
    assert.deepEqual(names('SELECT 1 WHERE a IN (SELECT 1)'), ['=']);
    assert.deepEqual(names('SELECT CASE a WHEN 1 THEN 2 END'), ['=']);
    assert.deepEqual(names('SELECT 1 FROM a JOIN b USING (c)'), ['=']);
    assert.deepEqual(names('SELECT a <<< ALL (SELECT 1) ORDER BY b USING >>>'), ['<<<', '>>>']);
  });

  it('types, but for pg_catalog’s own', () => {
    assert.deepEqual(statement('SELECT a::int, b::app.email, CAST(c AS citext)').types, [
      ref('app', 'email'),
      ref(null, 'citext'),
    ]);
    assert.deepEqual(statement('CREATE TABLE t (a app.d, b varchar(5))').types, [ref('app', 'd')]);
  });

  it('sinks', () => {
    const sinks = (sql: string) => statement(sql).sinks.join(' ');
    assert.equal(sinks("SELECT set_config('a.b', ssn, false), setval('s', n) FROM t"), 'set_config setval');
    assert.equal(
      sinks("SELECT pg_notify('c', ssn), pg_advisory_lock(n) FROM t"),
      'pg_notify pg_advisory_lock',
    );
    assert.equal(
      sinks('SELECT lo_from_bytea(0, ssn), lo_put(1, 0, ssn), lo_create(ssn) FROM t'),
      'lo_from_bytea lo_put lo_create',
    );
    assert.equal(sinks("NOTIFY c, 'x'"), 'notify');
    assert.equal(sinks("UPDATE pg_settings SET setting = 'x'"), 'set_config');
    assert.equal(sinks('SELECT upper(a) FROM t'), '');
  });
});

describe('stores what it reads', () => {
  const CASES = `
yes | INSERT INTO t SELECT a FROM u
yes | INSERT INTO t VALUES ((SELECT a FROM u))
yes | INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = t.c
yes | UPDATE t SET a = b
yes | UPDATE t SET a = (SELECT b FROM u) WHERE id = 1
yes | MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN UPDATE SET a = s.a
yes | CREATE TABLE x AS SELECT 1
yes | SELECT * INTO x FROM t
yes | REFRESH MATERIALIZED VIEW v
yes | WITH i AS (INSERT INTO t SELECT a FROM u RETURNING 1) SELECT 1
yes | PREPARE p AS INSERT INTO t SELECT a FROM u
no | INSERT INTO t VALUES (1, $1, now())
no | INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b
no | UPDATE t SET a = 1 WHERE ssn = 'x'
no | DELETE FROM t WHERE a = b
no | SELECT * FROM t
no | EXPLAIN INSERT INTO t SELECT a FROM u
`;
  for (const [expected, sql] of table(CASES)) {
    it(sql, () => assert.equal(statement(sql).storesWhatItReads, expected === 'yes'));
  }
});
