import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { emptySnapshot } from '../../src/catalog/snapshot.ts';
import { explain, formatExplanation } from '../../src/policy/explain.ts';
import { judge, strictest } from '../../src/policy/judge.ts';
import type { AgentIdentity, Judgement, Where } from '../../src/policy/judgement.ts';
import { compileMasks } from '../../src/policy/masks.ts';
import { matchesName } from '../../src/policy/patterns.ts';
import { DEFAULT_KEYS } from '../../src/policy/rules.ts';
import type { Rule, RuleSet, Verdict } from '../../src/policy/rules.ts';
import { ACTIONS } from '../../src/sql/statement.ts';
import type { Analysis, Statement } from '../../src/sql/statement.ts';
import { AGENT, PROD, doing, mask, parsed, rule, ruleSet, snapshotOf, statement } from './build.ts';

const SNAPSHOT = snapshotOf({
  'public.customers': { columns: ['id', 'ssn', 'name'] },
  'public.orders': { columns: ['id', 'total'] },
  'public.v_customers': { kind: 'view', columns: ['id'], reads: ['public.customers'] },
  'public.audited': { columns: ['id'], userCode: { onRead: false, onWrite: true } },
  'hr.salaries': { kind: 'partitioned-table', columns: ['pay'] },
  'hr.salaries_2024': { columns: ['pay'], parents: ['hr.salaries'] },
  'crm.customers': { columns: ['id'] },
  'pg_catalog.pg_stats': { kind: 'view', columns: ['most_common_vals'] },
});
const SSN = mask('ids', 'public.customers.ssn', { kind: 'null' });

function judged(
  analysis: Analysis,
  rules: RuleSet,
  agent: AgentIdentity = AGENT,
  where: Where = PROD,
  snapshot = SNAPSHOT,
): Judgement {
  return judge(analysis, rules, snapshot, compileMasks(rules, snapshot, agent), agent, where);
}

const causesOf = (judgement: Judgement) => judgement.causes.map((cause) => `${cause.verdict} ${cause.rule}`);
const scopeOf = (one: Statement, rules = ruleSet({ masks: [SSN] })) =>
  judged(parsed(one), rules).statements[0]?.scope;
const EXPORT = statement({
  command: 'copy to',
  actions: [doing('export', 'copy to')],
  reads: ['public.orders'],
});

test('every action has its default, and what is allowed by default has no cause', () => {
  for (const action of ACTIONS) {
    const command = 'x';
    for (const verdict of ['allow', 'hold', 'deny'] as const) {
      const judgement = judged(
        parsed(statement({ command, actions: [doing(action, command)] })),
        ruleSet({ defaults: { [action]: verdict } }),
      );
      assert.equal(judgement.verdict, verdict);
      assert.deepEqual(causesOf(judgement), verdict === 'allow' ? [] : [`${verdict} defaults.${action}`]);
      assert.equal(judgement.hold === null, verdict !== 'hold');
    }
  }
});

test('a destructive write answers to both defaults', () => {
  const wipe = parsed(
    statement({ command: 'truncate', actions: [doing('write', 'truncate', true)], writes: ['orders'] }),
  );
  assert.deepEqual(causesOf(judged(wipe, ruleSet({}))), ['hold defaults.destructive']);
  assert.deepEqual(causesOf(judged(wipe, ruleSet({ defaults: { write: 'deny' } }))), [
    'deny defaults.write',
    'hold defaults.destructive',
  ]);
  assert.deepEqual(causesOf(judged(wipe, ruleSet({ defaults: { destructive: 'allow' } }))), []);
});

test('the strictest wins, and all that matched are named, the winner first', () => {
  const rules = ruleSet({
    rules: [
      rule('held', { action: ['export'] }, 'hold'),
      rule('never', { environment: ['prod'] }, 'deny'),
      rule('elsewhere', { environment: ['dev'] }, 'deny'),
    ],
  });
  const judgement = judged(parsed(EXPORT), rules);
  assert.equal(judgement.verdict, 'deny');
  assert.deepEqual(causesOf(judgement), ['deny never', 'hold defaults.export', 'hold held']);
  assert.equal(judgement.hold, null);
});

test('one statement of a message decides for all', () => {
  const judgement = judged(parsed(statement({ reads: ['orders'] }), EXPORT), ruleSet({}));
  assert.equal(judgement.verdict, 'hold');
  assert.equal(judgement.statements.length, 2);
});

test('what nothing is known of, and what could not be read, is never allowed', () => {
  const open = ruleSet({ defaults: Object.fromEntries(DEFAULT_KEYS.map((key) => [key, 'allow' as const])) });
  const unreadable: Analysis = { kind: 'unreadable', reason: 'syntax error', limit: false };
  assert.deepEqual(causesOf(judged(unreadable, open)), ['deny unreadable']);
  assert.deepEqual(causesOf(judged(parsed(statement({ actions: [] })), ruleSet({}))), [
    'hold defaults.unknown',
  ]);
  assert.equal(judged(parsed(), ruleSet({})).verdict, 'allow', 'an empty message does nothing');
});

test('hold terms: what each rule demands by itself, and the shortest time', () => {
  const rules = ruleSet({
    rules: [
      rule('a', {}, 'hold', {
        approvers: ['x', 'y'],
        quorum: 2,
        expiresMs: 60_000,
        escalate: { afterMs: 9000, to: ['e'] },
      }),
      rule('b', {}, 'hold', {
        approvers: ['z'],
        expiresMs: 5000,
        escalate: { afterMs: 3000, to: ['e', 'f'] },
      }),
      rule('c', {}, 'hold', { approvers: ['y', 'x'] }),
      rule('d', {}, 'hold', { expiresMs: 3_600_000 }),
    ],
  });
  const { hold } = judged(parsed(EXPORT), rules);
  assert.deepEqual(hold?.requirements, [
    { rule: 'a', approvers: ['x', 'y'], quorum: 2, escalateTo: ['e'] },
    { rule: 'b', approvers: ['z'], quorum: 1, escalateTo: ['e', 'f'] },
    { rule: 'c', approvers: ['y', 'x'], quorum: 1, escalateTo: [] },
    { rule: 'd', approvers: [], quorum: 1, escalateTo: [] },
  ]);
  assert.deepEqual(hold?.escalation, { afterMs: 3000, to: ['e', 'f'] });
  assert.equal(hold?.quorum, 2);
  assert.equal(hold?.expiresMs, 5000);
  assert.deepEqual(
    hold?.approverGroups.map((group) => group.toSorted()),
    [['x', 'y'], ['z']],
  );
  assert.deepEqual(judged(parsed(EXPORT), ruleSet({})).hold, {
    requirements: [{ rule: 'defaults', approvers: [], quorum: 1, escalateTo: [] }],
    escalation: null,
    approverGroups: [],
    quorum: 1,
    expiresMs: 900_000,
    mode: 'wait',
    waitMs: 900_000,
    wantReason: [],
  });
});

const WRITE = statement({
  command: 'insert',
  actions: [doing('write', 'insert')],
  writes: ['public.orders'],
  reads: ['public.customers'],
});
const relation = (schema: string, table: string) => ({ relation: [{ schema, table }] });

const CONDITIONS: readonly (readonly [string, Rule['when'], Statement, boolean])[] = [
  ['agent', { agent: ['bot'] }, WRITE, true],
  ['agent glob', { agent: ['b*'] }, WRITE, true],
  ['other agent', { agent: ['cat'] }, WRITE, false],
  ['group', { group: ['x', 'analysts'] }, WRITE, true],
  ['other group', { group: ['x'] }, WRITE, false],
  ['database', { database: ['shop'] }, WRITE, true],
  ['other database', { database: ['blog'] }, WRITE, false],
  ['in transaction', { inTransaction: true }, WRITE, false],
  ['outside', { inTransaction: false }, WRITE, true],
  ['action', { action: ['read', 'write'] }, WRITE, true],
  ['other action', { action: ['ddl'] }, WRITE, false],
  ['command', { command: ['ins*'] }, WRITE, true],
  ['other command', { command: ['update'] }, WRITE, false],
  ['outer command', { command: ['explain'] }, { ...WRITE, command: 'explain' }, true],
  ['destructive', { destructive: true }, WRITE, false],
  ['not destructive', { destructive: false }, WRITE, true],
  ['all keys must fit', { agent: ['bot'], action: ['ddl'] }, WRITE, false],
  ['a written relation', relation('public', 'orders'), WRITE, true],
  ['a write is about what it writes', relation('public', 'customers'), WRITE, false],
  [
    'a read is about what it reads',
    relation('public', 'customers'),
    statement({ reads: ['public.customers'] }),
    true,
  ],
  ['schema counts', relation('crm', 'orders'), WRITE, false],
  [
    'an unqualified name is every relation of it',
    relation('crm', 'customers'),
    statement({ reads: ['customers'] }),
    true,
  ],
  [
    'a qualified name is one',
    relation('crm', 'customers'),
    statement({ reads: ['public.customers'] }),
    false,
  ],
  ['through a view', relation('public', 'customers'), statement({ reads: ['v_customers'] }), true],
  ['through a partition', relation('hr', 'salaries'), statement({ reads: ['salaries_2024'] }), true],
  [
    'a partition through its parent',
    relation('hr', 'salaries_2024'),
    statement({ reads: ['hr.salaries'] }),
    true,
  ],
  ['an unknown name may be in any schema', relation('hr', 'new*'), statement({ reads: ['newcomer'] }), true],
  ['an unknown name is still a name', relation('hr', 'old'), statement({ reads: ['newcomer'] }), false],
  [
    'any relation is not the catalog',
    relation('*', '*'),
    statement({ reads: ['pg_catalog.pg_stats'] }),
    false,
  ],
  ['no relation at all', relation('*', '*'), statement({}), false],
];
for (const [name, when, one, expected] of CONDITIONS) {
  test(`condition: ${name}`, () => {
    assert.equal(
      causesOf(judged(parsed(one), ruleSet({ rules: [rule('r', when, 'deny')] }))).includes('deny r'),
      expected,
    );
  });
}

const SCOPES: readonly (readonly [string, Parameters<typeof statement>[0], string])[] = [
  ['an unmasked relation', { reads: ['orders'], functions: ['count', 'upper'] }, 'clean'],
  ['a masked relation', { reads: ['public.customers'] }, 'touched'],
  ['an unqualified name that may be masked', { reads: ['customers'] }, 'touched'],
  ['the unmasked one, qualified', { reads: ['crm.customers'] }, 'clean'],
  ['a view over a masked relation', { reads: ['v_customers'] }, 'touched'],
  ['statistics', { reads: ['pg_stats'], mentions: ['most_common_vals'] }, 'touched'],
  ['statistics as whole rows', { reads: ['pg_stats'], mentions: ['*'] }, 'touched'],
  ['other columns of statistics', { reads: ['pg_stats'], mentions: ['tablename'] }, 'clean'],
  ['a relation nobody knows', { reads: ['nowhere'] }, 'opaque'],
  ['a relation about to be made', { command: 'create table as', writes: ['nowhere'] }, 'clean'],
  ['a write to a relation nobody knows', { command: 'insert', writes: ['nowhere'] }, 'opaque'],
  ["a user's function", { functions: ['get_ssn'] }, 'opaque'],
  ["a user's function, qualified", { functions: ['app.anything'] }, 'opaque'],
  ['a function nobody knows', { functions: ['mystery'] }, 'opaque'],
  ["PostgreSQL's own, shadowed", { functions: ['lower'] }, 'opaque'],
  ["PostgreSQL's own, qualified", { functions: ['pg_catalog.lower'] }, 'clean'],
  ['SQL in a string', { functions: ['pg_catalog.query_to_xml'] }, 'opaque'],
  ["a user's operator", { operators: ['==='] }, 'opaque'],
  ["PostgreSQL's operator", { operators: ['=', 'pg_catalog.==='] }, 'clean'],
  ['an operator of another schema', { operators: ['app.='] }, 'opaque'],
  ["a user's type", { types: ['public.email_address'] }, 'opaque'],
  ['another type', { types: ['text', 'public.mood'] }, 'clean'],
  ['triggers, on writing', { writes: ['audited'] }, 'opaque'],
  ['triggers, on reading', { reads: ['audited'] }, 'clean'],
];
for (const [name, spec, expected] of SCOPES) {
  test(`scope: ${name} is ${expected}`, () => assert.equal(scopeOf(statement(spec)), expected));
}

test('where no rule masks anything here, unvouched code hides nothing, but system relations are still touched', () => {
  const calls = statement({ functions: ['get_ssn'], reads: ['nowhere'] });
  assert.equal(scopeOf(calls, ruleSet({})), 'clean');
  assert.equal(
    scopeOf(statement({ reads: ['pg_stats'], mentions: ['most_common_vals'] }), ruleSet({})),
    'touched',
  );
  const elsewhere = ruleSet({ masks: [mask('a', 'not_here', { kind: 'null' })] });
  assert.equal(scopeOf(statement({ functions: ['get_ssn'] }), elsewhere), 'clean');
  assert.equal(scopeOf(calls, elsewhere), 'opaque', 'an unknown relation may have that column');
});

test('an unread catalog fails closed', () => {
  const rules = ruleSet({ masks: [SSN] });
  const judgement = judged(
    parsed(statement({ functions: ['upper'] })),
    rules,
    AGENT,
    PROD,
    emptySnapshot('shop'),
  );
  assert.equal(judgement.statements[0]?.scope, 'opaque');
});

test('relations and masked columns are listed, sorted, through views', () => {
  const [found] = judged(
    parsed(statement({ reads: ['v_customers', 'crm.customers', 'gone', 'app.gone'] })),
    ruleSet({ masks: [SSN] }),
  ).statements;
  assert.deepEqual(found, {
    scope: 'opaque',
    relationOids: [100, 102, 106],
    unknownRelations: ['app.gone', 'gone'],
    maskedColumns: ['public.v_customers.id'],
    outputs: null,
    callsVolatile: false,
    guarded: [],
    rowLimits: [],
  });
});

const UPDATE = { command: 'update', actions: [doing('write', 'update')], storesWhatItReads: true };
const LAUNDERING: readonly (readonly [string, Parameters<typeof statement>[0], boolean])[] = [
  [
    'storing a masked column',
    { ...UPDATE, writes: ['orders'], reads: ['public.customers'], mentions: ['SSN'] },
    true,
  ],
  [
    'storing a whole row',
    { ...UPDATE, writes: ['orders'], reads: ['public.customers'], mentions: ['*'] },
    true,
  ],
  [
    'storing another column',
    { ...UPDATE, writes: ['orders'], reads: ['public.customers'], mentions: ['name'] },
    false,
  ],
  ['storing from unmasked relations', { ...UPDATE, writes: ['orders'], mentions: ['*', 'ssn'] }, false],
  [
    'storing what an unseen function returns',
    { command: 'insert', actions: [doing('write', 'insert')], writes: ['orders'], functions: ['get_ssn'] },
    true,
  ],
  [
    'deleting by an unseen function',
    { command: 'delete', actions: [doing('write', 'delete')], writes: ['orders'], functions: ['get_ssn'] },
    false,
  ],
  ['a sink beside a masked relation', { reads: ['public.customers'], sinks: ['pg_notify'] }, true],
  ['a sink by itself', { sinks: ['pg_notify'] }, false],
  ['reading', { reads: ['public.customers'], mentions: ['ssn', '*'] }, false],
];
for (const [name, spec, expected] of LAUNDERING) {
  test(`laundering: ${name}: ${expected ? 'held' : 'not held'}`, () => {
    // there is no text here for lineage to follow, which counts as influence too
    const influence = 'allow' as const;
    const judgement = judged(parsed(statement(spec)), ruleSet({ masks: [SSN], defaults: { influence } }));
    assert.deepEqual(causesOf(judgement), expected ? ['hold defaults.laundering'] : []);
    assert.deepEqual(
      causesOf(
        judged(
          parsed(statement(spec)),
          ruleSet({ masks: [SSN], defaults: { laundering: 'allow', influence } }),
        ),
      ),
      [],
    );
  });
}

test('explain says what judge says, and formats it', () => {
  const explanation = explain(
    parsed(statement({ reads: ['v_customers', 'gone'], functions: ['get_ssn'] }), EXPORT),
    ruleSet({ masks: [SSN] }),
    SNAPSHOT,
    AGENT,
    PROD,
  );
  assert.equal(
    formatExplanation(explanation),
    [
      'HOLD  as bot on shop (prod)',
      '  hold  defaults.export: export: copy to is a export',
      '  needs one approver from any group, within 900 seconds',
      '',
      'statement 1: select',
      '  masking: opaque: code or relations nobody vouched for are involved; everything computed and all error texts are masked',
      '    the function get_ssn may read anything',
      '    the catalog does not know gone',
      '  outputs cannot be followed (it is empty): what is no plain column is masked',
      '  public.customers (table)',
      '    ssn: mask rule "ids": null',
      '  public.v_customers (view)',
      "    id: the view reads public.customers, which has masked columns (ids): the type's safe default",
      '  gone: not in the catalog',
      '',
      'statement 2: copy to',
      '  masking: clean: no masked column is in reach',
      '  outputs cannot be followed (it is empty): what is no plain column is masked',
      '  public.orders (table): nothing masked',
    ].join('\n'),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(explanation)), explanation);
});

test('a star is any run of characters, and nothing else is special', () => {
  for (const [pattern, name, expected] of [
    ['*', '', true],
    ['a*c', 'abbc', true],
    ['a*c', 'ab', false],
    ['*a*a*', 'banana', true],
    ['a.c', 'abc', false],
    ['A', 'a', true],
    ['', 'a', false],
    ['*x', '*yx', true],
  ] as const)
    assert.equal(matchesName(pattern, name), expected, `${pattern} ${name}`);
});

const conditions: fc.Arbitrary<Rule['when']> = fc.record(
  {
    agent: fc.subarray(['bot', 'cat', '*']),
    environment: fc.subarray(['prod', 'dev']),
    action: fc.subarray([...ACTIONS]),
    destructive: fc.boolean(),
    command: fc.subarray(['select', 'ins*']),
    relation: fc.constantFrom([{ schema: '*', table: 'c*' }], [{ schema: 'hr', table: '*' }]),
  },
  { requiredKeys: [] },
);
const verdicts = fc.constantFrom<Verdict>('allow', 'hold', 'deny');
const someRules = fc.array(fc.record({ when: conditions, then: verdicts }), { maxLength: 4 });
const statements = fc.array(
  fc
    .record({
      actions: fc.subarray(ACTIONS.map((action) => doing(action, 'select', action === 'write'))),
      reads: fc.subarray(['customers', 'hr.salaries', 'v_customers', 'gone']),
      functions: fc.subarray(['get_ssn', 'upper']),
      storesWhatItReads: fc.boolean(),
    })
    .map(statement),
  { maxLength: 3 },
);
const analyses: fc.Arbitrary<Analysis> = fc.oneof(
  { weight: 5, arbitrary: statements.map((list) => parsed(...list)) },
  { weight: 1, arbitrary: fc.constant<Analysis>({ kind: 'unreadable', reason: 'x', limit: true }) },
);
const someDefaults = fc.record(Object.fromEntries(DEFAULT_KEYS.map((key) => [key, verdicts])));

test('one rule or mask more never makes a verdict milder, and order does not matter', () => {
  fc.assert(
    fc.property(
      analyses,
      someRules,
      someRules,
      someDefaults,
      fc.boolean(),
      (analysis, some, more, defaults, masked) => {
        const made = [...some, ...more].map((one, index) => rule(`r${index}`, one.when, one.then));
        const few = judged(analysis, ruleSet({ rules: made.slice(0, some.length), defaults }));
        const all = judged(analysis, ruleSet({ rules: made, defaults, masks: masked ? [SSN] : [] }));
        const turned = judged(
          analysis,
          ruleSet({ rules: made.toReversed(), defaults, masks: masked ? [SSN] : [] }),
        );
        assert.equal(strictest(few.verdict, all.verdict), all.verdict);
        assert.equal(turned.verdict, all.verdict);
        assert.deepEqual(
          [turned.hold?.quorum, turned.hold?.expiresMs],
          [all.hold?.quorum, all.hold?.expiresMs],
        );
        assert.ok(all.verdict === 'allow' || all.causes[0]?.verdict === all.verdict);
        for (const cause of few.causes)
          assert.ok(all.causes.some((one) => one.rule === cause.rule && one.action === cause.action));
        if (analysis.kind === 'unreadable') assert.notEqual(all.verdict, 'allow');
      },
    ),
    { numRuns: 500 },
  );
});

const LINKED = snapshotOf(
  {
    'public.dept': { columns: ['id'], cascades: ['public.member'] },
    'public.member': { columns: ['id', 'ssn'] },
    'public.base': { columns: ['id'] },
    'public.heir': { columns: ['id', 'ssn'], parents: ['public.base'] },
    'public.v_dept': { kind: 'view', columns: ['id'], reads: ['public.dept'] },
  },
  { rowFunctions: new Set(['leak']) },
);
const linkedScope = (spec: Parameters<typeof statement>[0]) => {
  const rules = ruleSet({ masks: [mask('ids', '*.ssn', { kind: 'null' })] });
  return judged(parsed(statement(spec)), rules, AGENT, PROD, LINKED).statements[0]?.scope;
};
const REMOVES = { command: 'delete', actions: [doing('write', 'delete')] };
const ADDS = { command: 'insert', actions: [doing('write', 'insert')] };

test('a write reaches the rows behind foreign keys, descendants and views, which an error may print', () => {
  for (const name of ['dept', 'base', 'v_dept']) {
    assert.equal(linkedScope({ ...REMOVES, writes: [name] }), 'touched', name);
    assert.equal(linkedScope({ ...ADDS, writes: [name] }), 'clean', `insert into ${name}`);
    assert.equal(linkedScope({ ...ADDS, writes: [name], reads: [name] }), 'touched', `upsert into ${name}`);
    assert.equal(linkedScope({ reads: [name] }), 'clean', `select from ${name}`);
  }
});

test("a user's function on rows is a call when it is written like a column", () => {
  assert.equal(linkedScope({ reads: ['dept'], mentions: ['leak'] }), 'opaque');
  assert.equal(linkedScope({ reads: ['dept'], mentions: ['other'] }), 'clean');
});

test('what an unseen function or operator gives EXECUTE counts as stored where the message writes', () => {
  const insert = statement({ ...ADDS, writes: ['orders'] });
  const effect = { kind: 'execute', name: 'p' } as const;
  const rules = ruleSet({ masks: [SSN], defaults: { laundering: 'hold' } });
  const verdict = (spec: object) =>
    judged(parsed(statement({ command: 'execute', actions: [], effect, ...spec }), insert), rules).causes;
  assert.ok(verdict({ functions: ['get_ssn'] }).some((cause) => cause.rule === 'defaults.laundering'));
  assert.ok(verdict({ operators: ['==='] }).some((cause) => cause.rule === 'defaults.laundering'));
  assert.ok(!verdict({ functions: ['upper'] }).some((cause) => cause.rule === 'defaults.laundering'));
});
