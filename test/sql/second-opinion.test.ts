import assert from 'node:assert/strict';
import { it } from 'node:test';
import parserPackage from 'node-sql-parser';
import { MESSAGES } from '../attacks/cases/messages.ts';
import { READING } from '../attacks/cases/reading.ts';
import { WRITING } from '../attacks/cases/writing.ts';
import { VERSIONS } from '../attacks/cases/versions.ts';
import { TEXTS } from '../benign/corpus.ts';
import { CORPUS as ORACLE } from '../oracle/corpus/index.ts';
import { analyze } from '../../src/sql/analyze.ts';
import * as cases from './action-cases.ts';
import { LIMITS, table } from './reading.ts';

/** Statements of the shapes applications send; what the other parser cannot read is left out. */
const EXTRA = `
SELECT u.id, o.total FROM users u JOIN orders o ON o.user_id = u.id WHERE u.email = 'x' ORDER BY o.total DESC LIMIT 5
SELECT * FROM a LEFT JOIN b ON a.id = b.a_id RIGHT JOIN c ON c.id = b.c_id FULL JOIN d ON d.id = c.id
SELECT (SELECT max(x) FROM inner_t) FROM outer_t
SELECT * FROM (SELECT * FROM deep) s WHERE EXISTS (SELECT 1 FROM ex WHERE ex.id = s.id)
WITH r AS (SELECT * FROM base), q AS (SELECT * FROM r JOIN other ON true) SELECT * FROM q
SELECT a FROM t1 UNION ALL SELECT b FROM t2 UNION SELECT c FROM t3
SELECT * FROM sch.tab WHERE id IN (SELECT id FROM sch2.tab2)
INSERT INTO target (a, b) SELECT x, y FROM source WHERE z > 1
INSERT INTO target (a) VALUES (1) RETURNING a
UPDATE accounts SET balance = balance - 1 WHERE id = 3
UPDATE t1 SET a = t2.a FROM t2 WHERE t1.id = t2.id
DELETE FROM sessions WHERE expires < now()
DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE banned)
SELECT count(*), date_trunc('day', created) AS d FROM events GROUP BY d HAVING count(*) > 5
SELECT row_number() OVER (PARTITION BY dept ORDER BY pay DESC) FROM staff
SELECT CASE WHEN x > 1 THEN (SELECT y FROM lookup LIMIT 1) ELSE 0 END FROM facts
CREATE TABLE copied AS SELECT * FROM original
CREATE VIEW seen AS SELECT * FROM hidden
DROP TABLE gone
TRUNCATE TABLE emptied
SELECT coalesce(a.x, b.x) FROM a CROSS JOIN b
SELECT p.name, c.name, s.name FROM products p, categories c, suppliers s WHERE p.c_id = c.id AND p.s_id = s.id
SELECT * FROM l1 JOIN LATERAL (SELECT * FROM l2 WHERE l2.id = l1.id) x ON true
INSERT INTO archive SELECT * FROM live WHERE age > (SELECT avg(age) FROM stats)
UPDATE items SET price = (SELECT price FROM prices WHERE prices.id = items.id) WHERE items.id > 5
ALTER TABLE altered ADD COLUMN x int
SELECT DISTINCT ON (a) a, b FROM uniq ORDER BY a, b
`;

it('finds every table that another parser finds', (t) => {
  const other = new parserPackage.Parser();
  const corpus = [
    ...EXTRA.trim().split('\n'),
    ...Object.values(cases).flatMap((text) => table(text).map(([, sql]) => sql)),
    ...[...READING, ...WRITING, ...MESSAGES, ...VERSIONS].flatMap(({ sql = [] }) => sql),
    ...TEXTS,
    ...ORACLE.map(({ sql }) => sql),
  ].filter((sql) => sql.length < LONGEST);
  let compared = 0;
  const missed: string[] = [];
  for (const sql of corpus) {
    let found: string[];
    try {
      found = other.tableList(sql, { database: 'postgresql' });
    } catch {
      continue;
    }
    const analysis = analyze(sql, LIMITS);
    // what ours cannot read is refused, whatever tables are in it
    if (analysis.kind !== 'parsed') continue;
    const ours = new Set(
      analysis.statements.flatMap(({ relations }) => relations.map((relation) => relation.name)),
    );
    for (const entry of found) {
      const name = (entry.split('::')[2] ?? '').replaceAll('"', '');
      if (name === '' || isCteOf(name, sql) || isKeyword(name, sql)) continue;
      // the other keeps the case as written, PostgreSQL only where it is quoted
      if (!ours.has(name) && !ours.has(name.toLowerCase())) missed.push(`${name} | ${sql}`);
      compared++;
    }
  }
  assert.deepEqual(
    missed.filter((entry) => !MISTAKEN.has(entry)),
    [],
  );
  t.diagnostic(`${compared} tables were compared`);
  assert.ok(compared >= 500, `only ${compared} tables were compared`);
});

/** The other parser lists some CTEs as tables; scoping has tests of its own. */
function isCteOf(name: string, sql: string): boolean {
  return new RegExp(`(?:WITH|RECURSIVE|,)\\s+${name}(?:\\s*\\([^)]*\\))?\\s+AS\\s*\\(`, 'i').test(sql);
}

/** The other parser takes seconds for texts longer than this, in characters. */
const LONGEST = 3000;

/** ONLY before a table is no table. */
function isKeyword(name: string, sql: string): boolean {
  return name.toLowerCase() === 'only' && /\bonly\s+\w/i.test(sql);
}

/** What it takes for a table and PostgreSQL does not. */
const MISTAKEN = new Set(['home | update app.customers set home.city = email, tags[1] = phone']);
