/** What is known of a text by its shape is what judging the text says. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import { parseRules } from '../../src/config/rules-file.ts';
import { Judge, type Judged } from '../../src/gate/judge.ts';
import { loadParser, parseText } from '../../src/sql/parser.ts';
import { literalsAreIndifferent } from '../../src/sql/indifferent.ts';
import { shapeOf } from '../../src/sql/shape.ts';
import type { Node } from '../../src/sql/tree.ts';
import { TEXTS as ATTACKS } from '../attacks/cases/index.ts';
import { RULES, SCHEMA } from '../attacks/schema.ts';
import { TEXTS } from '../benign/corpus.ts';
import { startOracle, type OracleServer } from '../oracle/server.ts';
import { OTHERS, withOthers, withTheSame } from '../sql/literals.ts';

let oracle: OracleServer;
before(async () => {
  await loadParser();
  oracle = await startOracle({}, { schema: SCHEMA, searchPath: 'public' });
});
after(() => oracle?.stop());

const STRICT = RULES.replace('influence: allow', 'influence: hold, laundering: hold');
const ALLOWING = 'version: 1\ndefaults: { write: allow, destructive: allow, unknown: allow }\n';

/** @param remembered how many shapes */
function newJudge(snapshot: Snapshot, rules: string, remembered: number): Judge {
  const reading = parseRules(Buffer.from(rules), 'rules.yaml');
  assert.ok(reading.kind === 'ok');
  const { rules: set } = reading;
  return new Judge(
    { name: 'bot', owner: 'olga', groups: [] },
    { database: 'shop', environment: 'prod' },
    { rules: () => set, snapshot: () => snapshot },
    { maxStatementBytes: 1_000_000, statementCacheEntries: remembered },
  );
}

/** Everything but the two whole tables, which each judge makes for itself. */
function said({ masks: _masks, snapshot: _snapshot, ...rest }: Judged): object {
  return rest;
}

const OWN: readonly string[] = [
  'select id, name from customers where id = 5',
  "select id from customers where city in ('a', 'b') and id between 1 and 9 order by name limit 10 offset 20;",
  "select id from customers where name like 'x%' or lower(city) = 'y'",
  "insert into club (id, title) values (1, 'x'), (2, 'y')",
  "insert into customers (id, name, ssn) values (1, 'x', 'y')",
  "update club set title = 'x' where id = 7",
  "update customers set ssn = '1' where id = 7",
  'delete from club where id = 7',
  "select set_config('a.b', 'x', false) from club where id = 1",
  'select id, title from club order by 1',
  "select id from club where id = 1 and title = 'a' ; ",
  '  select id from club where id = 1',
  'select id from customers where ssn like $$x$$ and id = 3',
  "select id from customers where ssn = '5'",
  'select count(*) from customers c join orders o on o.customer_id = c.id where o.total > 100',
  'select id from club where 1 = 1',
  'delete from club where 1 = 1',
  'delete from club where id = id or 5 = 6',
  'select id from customers where age > -5 and id between - 3 and 7 limit 3',
  'select id from customers where age -5 > 7 and id = -2',
  "delete from club where title like 'a%'",
  "update club set title = 'x' where title not ilike 'a%' and id = 1",
  "delete from club where id = 1 and title not like 'a%' is false",
  'delete from club where id = 1 or id <> 2',
  "update club set title = 'x' where id < 1 or id >= 2",
  'delete from club where id = 1 or not id = 2',
  'delete from club where not (id <> 1 and id = 2)',
  'delete from club where (id in (select id from dept where id = 1)) = (id in (select id from dept where id = 2))',
  "delete from club where id in (select id from club where title like 'a%')",
  "with gone as (delete from club where title like 'a%' returning id) select id from gone where id = 3",
  "merge into club using dept on club.id = dept.id and club.title like 'a%' when matched then delete",
  "delete from club where id = 7 and title = 'x' and id in (select id from dept where title = 'y')",
];

for (const [name, rules] of [
  ['masks', STRICT],
  ['nothing masked', ALLOWING],
] as const) {
  test(`other literals, the same judgement: ${name}`, (t) => {
    const texts = [...new Set([...OWN, ...TEXTS, ...ATTACKS])];
    const byShape = newJudge(oracle.snapshot, rules, 100_000);
    const anew = newJudge(oracle.snapshot, rules, 0);
    for (const inTransaction of [false, true]) {
      for (const text of texts) byShape.judge(text, inTransaction);
    }
    let shaped = 0;
    for (const text of texts) {
      const shape = shapeOf(text);
      if (shape === null) continue;
      shaped++;
      for (let n = 0; n < OTHERS; n++) {
        const inTransaction = n % 2 === 0;
        for (const other of [withOthers(shape, n), withTheSame(shape, n)]) {
          const judged = byShape.judge(other, inTransaction);
          assert.deepEqual(said(judged), said(anew.judge(other, inTransaction)), other);
        }
      }
    }
    t.diagnostic(`${shaped} of ${texts.length} have a shape`);
    assert.ok(shaped > 100);
  });
}

test('which literals make no difference', () => {
  const indifferent = (text: string): boolean => {
    const shape = shapeOf(text);
    const parsed = parseText(text, text.length);
    assert.ok(shape !== null && parsed.kind === 'parsed');
    return literalsAreIndifferent(parsed.statements[0]?.stmt as Node, { text, shape }, true);
  };
  const yes = [OWN[31], OWN[0], OWN[1], OWN[2], OWN[3], OWN[5], OWN[7], OWN[14], OWN[18]];
  const no = [
    OWN[20],
    OWN[23],
    OWN[27],
    OWN[8],
    OWN[9],
    OWN[15],
    OWN[16],
    OWN[17],
    'select 1',
    'select id from t where f(1) = 2',
  ];
  for (const text of yes) assert.ok(indifferent(text ?? ''), text);
  for (const text of no) assert.ok(!indifferent(text ?? ''), text);
});
