import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statement } from './reading.ts';

function isDestructive(sql: string): boolean {
  return statement(sql).actions.some((finding) => finding.destructive);
}

const RESTRICTS = [
  'id = 1',
  'id = $1',
  'id IN (1, 2)',
  'id = ANY ($1)',
  'false',
  'NULL',
  '1 = 0',
  'id <> id',
  "name LIKE 'a%'",
  'id = 1 AND true',
  'true AND id = 1',
  'id = 1 OR id = 2',
  'NOT (id = 1)',
  'NOT true',
  'id IS NULL',
  'active',
  'id IN (SELECT id FROM u)',
  'EXISTS (SELECT 1 FROM u WHERE u.id = t.id)',
  'id BETWEEN 1 AND 2',
  'lower(name) = $1',
  '(a, b) = (1, 2)',
  '(id = 1) IS TRUE',
  'CURRENT OF c',
  'id = 1 OR false',
  'ctid IN (SELECT ctid FROM t LIMIT 10)',
  'id IN (SELECT id FROM t WHERE old)',
  'a = b',
  'deleted_at < now()',
  'CASE WHEN id = 1 THEN true ELSE false END',
];

const DOES_NOT = [
  'true',
  '1 = 1',
  "'a' = 'a'",
  'id = id',
  't.id = id',
  'id = 1 OR true',
  'id IS NOT NULL OR true',
  'NOT false',
  'NOT NOT true',
  'true AND true',
  "'t'::boolean",
  'true::bool',
  '1 <> 2',
  '$1',
  '$1 = $2',
  'id >= id',
  'id IN (id)',
  'id IN (1, id)',
  'id = ANY (ARRAY[id])',
  "name LIKE '%'",
  'id IS NULL OR id IS NOT NULL',
  'id = 1 OR id <> 1',
  'id > 5 OR id <= 5',
  'id = 1 OR NOT id = 1',
  'random() < 2',
  'EXISTS (SELECT 1)',
  'EXISTS (SELECT 1 FROM u)',
  '(SELECT true)',
  '$1 IS NULL OR id = $1',
  'id + 0 = id',
  '(a, b) = (a, b)',
  'id IS NOT DISTINCT FROM id',
  '(true) IS TRUE',
  'id IN (SELECT id FROM t)',
  'id IN (SELECT id FROM t WHERE true)',
  'CASE WHEN id = 1 THEN true ELSE true END',
  '(id = 1) IS NOT UNKNOWN',
  'now() > $1',
  'id BETWEEN id AND id OR true',
  'NOT (id <> id)',
];

describe('WHERE that restricts', () => {
  for (const where of RESTRICTS) {
    it(where, () => {
      assert.equal(isDestructive(`DELETE FROM t WHERE ${where}`), false);
      assert.equal(isDestructive(`UPDATE t SET a = 1 WHERE ${where}`), false);
    });
  }
});

describe('WHERE that does not', () => {
  for (const where of DOES_NOT) {
    it(where, () => {
      assert.equal(isDestructive(`DELETE FROM t WHERE ${where}`), true);
      assert.equal(isDestructive(`UPDATE t SET a = 1 WHERE ${where}`), true);
    });
  }
});

describe('joins', () => {
  it('must look at the target', () => {
    assert.equal(isDestructive('UPDATE t SET a = s.a FROM s WHERE s.id = 1'), true);
    assert.equal(isDestructive('UPDATE t SET a = s.a FROM s WHERE s.id = t.id'), false);
    assert.equal(isDestructive('DELETE FROM t AS x USING s WHERE t.id = s.id'), true);
    assert.equal(isDestructive('DELETE FROM t AS x USING s WHERE x.id = s.id'), false);
  });

  it('with itself on one column restricts nothing', () => {
    assert.equal(isDestructive('DELETE FROM t USING t AS u WHERE t.id = u.id'), true);
    assert.equal(isDestructive('DELETE FROM t a USING t b WHERE a.id < b.id AND a.k = b.k'), false);
  });
});
