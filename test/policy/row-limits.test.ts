/** Which statements a limit on rows is about, for real SQL; and that it says nothing of the verdict. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { explain, formatExplanation } from '../../src/policy/explain.ts';
import { judge } from '../../src/policy/judge.ts';
import { compileMasks } from '../../src/policy/masks.ts';
import { rowLimitsForUnknown } from '../../src/policy/row-limits.ts';
import type { RuleSet } from '../../src/policy/rules.ts';
import { analyze, loadParser } from '../../src/sql/analyze.ts';
import { AGENT, PROD, rule, ruleSet, snapshotOf } from './build.ts';

before(loadParser);

const SNAPSHOT = snapshotOf({
  'public.customers': { columns: ['id', 'name'] },
  'public.orders': { columns: ['id', 'total'] },
  'public.v_customers': { kind: 'view', columns: ['id'], reads: ['public.customers'] },
});
const LIMITS = { maxStatementBytes: 1_000_000 };
const CUSTOMERS = [{ schema: 'public', table: 'customers' }];
const RULES = ruleSet({
  defaults: { export: 'allow', code: 'allow', destructive: 'allow' },
  rules: [
    rule('reads', { action: ['read'], relation: CUSTOMERS, rowsOver: 10 }, 'hold'),
    rule('all', { relation: CUSTOMERS, rowsOver: 20 }, 'deny'),
    rule('hour', { group: ['analysts'], rowsPerHourOver: 1000 }, 'hold', { quorum: 2 }),
    rule('others', { agent: ['somebody-else'], rowsPerHourOver: 1 }, 'deny'),
  ],
});

function limitsOf(sql: string, rules: RuleSet = RULES): string {
  const judgement = judge(
    analyze(sql, LIMITS),
    rules,
    SNAPSHOT,
    compileMasks(rules, SNAPSHOT, AGENT),
    AGENT,
    PROD,
  );
  assert.deepEqual([judgement.verdict, judgement.causes], ['allow', []], sql);
  return judgement.statements
    .map(({ rowLimits }) => rowLimits.map((one) => one.rule.name).join(' '))
    .join('; ');
}

for (const [sql, expected] of Object.entries({
  'select * from customers': 'reads all hour',
  'select id from public.v_customers': 'reads all hour',
  'with c as (select * from customers) select count(*) from c': 'reads all hour',
  'select * from orders': 'hour',
  'select 1': 'hour',
  'explain select * from customers': 'reads all hour',
  'copy customers to stdout': 'all hour',
  'copy (select * from customers) to stdout': 'all hour',
  'update customers set name = name where id > 0 returning *': 'reads all hour',
  'delete from orders where id > 0 and exists (select from customers) returning *': 'reads all hour',
  'fetch all from c': 'hour',
  'select * from customers; select * from orders': 'reads all hour; hour',
  'show all': 'hour',
  begin: '',
  'declare c cursor for select * from customers': '',
  'prepare p as select * from customers': '',
  'copy customers from stdin': '',
  "set application_name = 'x'": '',
}))
  test(`limits on: ${sql}`, () => assert.equal(limitsOf(sql), expected));

test('of rows from nobody knows where, every rule about the agent counts', () => {
  const found = rowLimitsForUnknown(RULES.rules, { agent: AGENT, where: PROD, snapshot: SNAPSHOT });
  assert.deepEqual(
    found.map(({ rule: { name }, rows, per }) => `${name} ${rows} ${per}`),
    ['reads 10 statement', 'all 20 statement', 'hour 1000 hour'],
  );
});

test('an explanation names the limits', () => {
  const page = formatExplanation(
    explain(analyze('select id from customers', LIMITS), RULES, SNAPSHOT, AGENT, PROD),
  );
  assert.match(page, /^ALLOW /);
  assert.match(page, /after 10 rows hold, by rule "reads"/);
  assert.match(page, /after 20 rows deny, by rule "all"/);
  assert.match(page, /after 1000 rows within an hour, .* hold, by rule "hour"/);
});
