import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { relationsOf, table } from './reading.ts';

/** `r:` read, `w:` write; sorted. */
const CASES = `
r:t | SELECT * FROM t
r:s.t | SELECT * FROM s.t
r:s.t | SELECT * FROM d.s.t
r:T | SELECT * FROM "T"
r:a r:b r:c | SELECT * FROM a JOIN b ON a.x = (SELECT max(x) FROM c)
# CTE names shadow by scope
r:t | WITH x AS (SELECT * FROM t) SELECT * FROM x
r:s.x r:t | WITH x AS (SELECT * FROM t) SELECT * FROM s.x
r:t | WITH t AS (SELECT * FROM t) SELECT * FROM t
 | WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT * FROM t) SELECT * FROM t
r:b | WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b
 | WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a, b
r:t | WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM b
r:x | SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) s, x
r:t | WITH x AS (SELECT * FROM t) SELECT * FROM (SELECT * FROM (SELECT * FROM x) a) b
r:t r:u | WITH x AS (SELECT * FROM t) SELECT * FROM (WITH x AS (SELECT * FROM u) SELECT * FROM x) y
r:t | WITH x AS (SELECT * FROM t) SELECT 1 WHERE EXISTS (SELECT 1 FROM x)
r:t | WITH x AS (SELECT * FROM t) SELECT * FROM x UNION SELECT * FROM x
r:x | (WITH x AS (SELECT 1) SELECT * FROM x) UNION SELECT * FROM x
r:t | WITH "X" AS (SELECT * FROM t) SELECT * FROM "X"
r:t r:x | WITH "X" AS (SELECT * FROM t) SELECT * FROM x
r:t | WITH a AS (WITH b AS (SELECT * FROM t) SELECT * FROM b) SELECT * FROM a
r:b r:t | WITH a AS (WITH b AS (SELECT * FROM t) SELECT * FROM b) SELECT * FROM b
# targets are never CTEs
r:t w:x | WITH x AS (SELECT * FROM t) INSERT INTO x SELECT * FROM x
r:t r:x w:x | WITH x AS (SELECT * FROM t) UPDATE x SET a = 1 FROM x AS y WHERE x.id = y.id
r:t r:x w:x | WITH x AS (SELECT * FROM t) DELETE FROM x USING x AS y WHERE x.id = y.id
r:s r:t w:t | MERGE INTO t USING (SELECT * FROM s) q ON t.id = q.id WHEN MATCHED THEN DELETE
r:t w:u | INSERT INTO u WITH x AS (SELECT * FROM t) SELECT * FROM x
r:t r:u w:t w:u | WITH d AS (DELETE FROM t RETURNING *), i AS (INSERT INTO u SELECT * FROM d RETURNING *) SELECT * FROM i, u
w:t | INSERT INTO t VALUES (1)
r:t w:t | INSERT INTO t VALUES (1) RETURNING *
r:t w:t | INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2
r:u w:t | INSERT INTO t VALUES ((SELECT a FROM u))
r:a r:b r:t w:t | UPDATE t SET x = (SELECT y FROM a) FROM b
r:a r:t w:t | UPDATE t SET (x, y) = (SELECT 1, 2 FROM a)
# everywhere else
r:t | SELECT * FROM t FOR UPDATE OF t
r:t | SELECT a FROM t x FOR UPDATE OF x
r:a r:b r:c r:d r:e | SELECT (SELECT 1 FROM a) FROM b WHERE x IN (SELECT 1 FROM c) ORDER BY (SELECT 1 FROM d) LIMIT (SELECT 1 FROM e)
r:a r:b | SELECT * FROM f((SELECT 1 FROM a)) g, LATERAL (SELECT * FROM b WHERE b.x = g.x) l
r:a | SELECT ARRAY(SELECT x FROM a)
r:a | VALUES ((SELECT 1 FROM a))
r:a r:t | SELECT * FROM t, JSON_TABLE((SELECT j FROM a), '$' COLUMNS (x int)) jt
r:a | SELECT * FROM XMLTABLE('/r' PASSING (SELECT x FROM a) COLUMNS b int PATH 'b')
r:t | SELECT * FROM t TABLESAMPLE bernoulli (10)
r:a r:t | SELECT sum(x) FILTER (WHERE EXISTS (SELECT 1 FROM a)) OVER (ORDER BY y) FROM t
r:a r:t | SELECT x FROM t GROUP BY x HAVING x > (SELECT y FROM a)
r:a | SELECT CASE WHEN EXISTS (SELECT 1 FROM a) THEN 1 END
r:t | COPY t TO STDOUT
r:t | COPY (SELECT * FROM t) TO STDOUT
w:t | COPY t FROM STDIN
r:t | PREPARE p AS SELECT * FROM t
r:t | DECLARE c CURSOR FOR SELECT * FROM t
r:t | EXPLAIN SELECT * FROM t
r:t w:x | CREATE TABLE x AS SELECT * FROM t
r:t w:x | SELECT * INTO x FROM t
r:t w:x | CREATE MATERIALIZED VIEW x AS SELECT * FROM t
r:t w:v | CREATE VIEW v AS SELECT * FROM t
r:v w:v | REFRESH MATERIALIZED VIEW v
r:u w:t | CREATE TABLE t (a int REFERENCES u)
r:u w:t | CREATE TABLE t (LIKE u)
r:u w:t | CREATE TABLE t () INHERITS (u)
r:u w:t | CREATE TABLE t PARTITION OF u DEFAULT
r:u w:t | ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (b)
w:t w:u | ALTER TABLE t ATTACH PARTITION u DEFAULT
w:a w:s.b | DROP TABLE a, s.b
w:t | DROP TRIGGER g ON t
w:t | CREATE INDEX i ON t (a)
w:t | COMMENT ON COLUMN t.a IS 'x'
w:t | TRUNCATE t
w:t | GRANT SELECT ON t TO x
w:t | LOCK t
w:t | VACUUM t
r:u w:t | CREATE POLICY p ON t USING (a IN (SELECT a FROM u))
r:u w:t w:v | CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO v SELECT * FROM u
w:t | CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
r:t | CREATE FUNCTION f() RETURNS int RETURN (SELECT count(*) FROM t)
r:t | CREATE FUNCTION f(a t.b%TYPE) RETURNS int LANGUAGE sql AS ''
r:t | CREATE STATISTICS s ON a, b FROM t
r:t | CREATE PUBLICATION p FOR TABLE t
`;

describe('relations', () => {
  for (const [expected, sql] of table(CASES.replaceAll('\n | ', '\nnone | '))) {
    it(sql, () => assert.equal(relationsOf(sql), expected === 'none' ? '' : expected));
  }

  it('cuts names at 63 bytes as the server does', () => {
    assert.equal(relationsOf(`SELECT * FROM ${'x'.repeat(80)}`), `r:${'x'.repeat(63)}`);
    assert.equal(
      relationsOf('SELECT * FROM "\u00e9t\u00e9", U&"d\\0061t\\+000061"'),
      'r:data r:\u00e9t\u00e9',
    );
  });
});
