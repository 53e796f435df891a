import assert from 'node:assert/strict';
import { it } from 'node:test';
import { statement } from './reading.ts';

const print = (sql: string): string => statement(sql).fingerprint;

it('is 16 hex digits', () => assert.match(print('SELECT 1'), /^[0-9a-f]{16}$/));

const SAME: [string, string][] = [
  ['SELECT 1', "select  'x' -- c"],
  ['SELECT a FROM t WHERE b = 1', "SELECT a FROM t WHERE b = 'long literal'"],
  ['SELECT 1 FROM t WHERE a IN (1, 2)', 'SELECT 1 FROM t WHERE a IN (3, 4, 5, 6)'],
  ['INSERT INTO t VALUES (1, 2)', 'INSERT INTO t VALUES (1, 2), (3, 4), (5, 6)'],
  ["ALTER ROLE x PASSWORD 'a'", "ALTER ROLE x PASSWORD 'b'"],
  ['DO $$ a $$', 'DO $$ b $$'],
  ["NOTIFY x, 'a'", "NOTIFY x, 'b'"],
  ["COMMENT ON TABLE t IS 'a'", "COMMENT ON TABLE t IS 'b'"],
  ["CREATE TYPE e AS ENUM ('a')", "CREATE TYPE e AS ENUM ('b', 'c')"],
  ["COPY t FROM '/a'", "COPY t FROM '/b'"],
  ["CREATE TABLESPACE s LOCATION '/a'", "CREATE TABLESPACE s LOCATION '/b'"],
  [
    "CREATE SUBSCRIPTION s CONNECTION 'password=a' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'password=b' PUBLICATION p",
  ],
  [
    "CREATE USER MAPPING FOR x SERVER s OPTIONS (password 'a')",
    "CREATE USER MAPPING FOR x SERVER s OPTIONS (password 'b')",
  ],
];
for (const [a, b] of SAME) it(`${a} = ${b}`, () => assert.equal(print(a), print(b)));

const DIFFERENT: [string, string][] = [
  ['SELECT a FROM t', 'SELECT b FROM t'],
  ['SELECT a FROM t', 'SELECT a FROM u'],
  ['SELECT a FROM t', 'SELECT a FROM s.t'],
  ['SELECT a FROM t WHERE b = 1', 'SELECT a FROM t WHERE b < 1'],
  ['SELECT a FROM t', 'SELECT DISTINCT a FROM t'],
  ['SELECT a FROM t ORDER BY a', 'SELECT a FROM t ORDER BY a DESC'],
  ['SELECT a FROM t WHERE b = 1 AND c = 1', 'SELECT a FROM t WHERE b = 1 OR c = 1'],
  ['DELETE FROM t', 'UPDATE t SET a = 1'],
  ['DROP TABLE t', 'DROP VIEW t'],
  ['SELECT a FROM t UNION SELECT 1', 'SELECT a FROM t UNION ALL SELECT 1'],
  ['COPY t TO STDOUT CSV', 'COPY t TO STDOUT BINARY'],
];
for (const [a, b] of DIFFERENT) it(`${a} ≠ ${b}`, () => assert.notEqual(print(a), print(b)));
