import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import { unfitMasks, unmatchedPatterns } from '../../src/policy/mask-warnings.ts';
import { compileMasks } from '../../src/policy/masks.ts';
import { combined, compareMasks, STRENGTH } from '../../src/policy/mask-strength.ts';
import { DATE_UNITS, DETECTORS, JSON_MASKS } from '../../src/policy/rules.ts';
import type { Detector, FindingMask, JsonMask, MaskFunction, MaskRule } from '../../src/policy/rules.ts';
import { AGENT, mask, nameOf, ruleSet, snapshotOf } from './build.ts';

const NULL: MaskFunction = { kind: 'null' };
const REDACT: MaskFunction = { kind: 'redact' };
const HASH: MaskFunction = { kind: 'hash' };
const EMAIL: MaskFunction = { kind: 'email' };
const LAST4: MaskFunction = { kind: 'partial', keepFirst: 0, keepLast: 4 };
const json = (how: JsonMask, ...names: readonly string[]): MaskFunction => ({
  kind: 'json',
  paths: names.map((name) => [{ kind: 'member', name }]),
  with: how,
});
const detect = (...detectors: readonly Detector[]): MaskFunction & { kind: 'detect' } => ({
  kind: 'detect',
  detectors,
  with: { kind: 'label' },
});

function compiled(snapshot: Snapshot, masks: readonly MaskRule[], agent = AGENT): Record<string, string> {
  const set = compileMasks(ruleSet({ masks }), snapshot, agent);
  const found: Record<string, string> = {};
  for (const [oid, columns] of set.columns) {
    for (const [attnum, one] of columns) {
      found[nameOf(snapshot, oid, attnum)] = `${one.rule} ${one.derived ? 'derived' : one.with.kind}`;
      assert.notEqual(set.describe(oid, attnum), 'not masked');
    }
  }
  return found;
}

test('patterns name columns with or without schema and table, whatever the case', () => {
  const snapshot = snapshotOf({
    'public.customers': { columns: ['id', 'Email', 'phone'] },
    'crm.customers': { columns: ['email'] },
    'crm.leads': { columns: ['phone', 'api_token'] },
    'pg_catalog.pg_x': { columns: ['phone'] },
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.customers.email', REDACT)]), {
    'public.customers.Email': 'a redact',
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'customers.EMAIL', REDACT)]), {
    'public.customers.Email': 'a redact',
    'crm.customers.email': 'a redact',
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'phone *_token', HASH)]), {
    'public.customers.phone': 'a hash',
    'crm.leads.phone': 'a hash',
    'crm.leads.api_token': 'a hash',
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'pg_catalog.pg_x.phone', HASH)]), {
    'pg_catalog.pg_x.phone': 'a hash',
  });
});

test('where two rules meet, the one that leaves less wins, in either order', () => {
  const snapshot = snapshotOf({ 'public.t': { columns: ['c'] } });
  const order = [NULL, REDACT, HASH, LAST4, EMAIL];
  for (const [i, strict] of order.entries()) {
    for (const weak of order.slice(i + 1)) {
      for (const masks of [
        [mask('s', 'c', strict), mask('w', 'c', weak)],
        [mask('w', 'c', weak), mask('s', 'c', strict)],
      ]) {
        assert.deepEqual(compiled(snapshot, masks), { 'public.t.c': `s ${strict.kind}` });
      }
    }
  }
  assert.ok(compareMasks({ kind: 'partial', keepFirst: 1, keepLast: 1 }, LAST4) < 0);
});

test('visibleTo takes the rule away for that agent and that group only', () => {
  const snapshot = snapshotOf({ 'public.t': { columns: ['c'] } });
  assert.deepEqual(compiled(snapshot, [mask('a', 'c', NULL, { agents: ['bot'] })]), {});
  assert.deepEqual(compiled(snapshot, [mask('a', 'c', NULL, { groups: ['analysts'] })]), {});
  assert.deepEqual(compiled(snapshot, [mask('a', 'c', NULL, { agents: ['b*', 'Bot'], groups: ['*'] })]), {
    'public.t.c': 'a null',
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'c', NULL, { agents: ['bot'] }), mask('b', 'c', HASH)]), {
    'public.t.c': 'b hash',
  });
});

test('partitions and inheritance carry masks up and down, not sideways', () => {
  const snapshot = snapshotOf({
    'public.top': { columns: ['id', 'ssn'] },
    'public.mid': { columns: ['ssn', 'id'], parents: ['public.top'] },
    'public.leaf': { columns: ['id', 'ssn'], parents: ['public.mid'] },
    'public.other': { columns: ['id', 'ssn'], parents: ['public.top'] },
  });
  const all = ['top', 'mid', 'leaf', 'other'];
  const masked = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [`public.${name}.ssn`, 'a null']));
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.top.ssn', NULL)]), masked(all));
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.leaf.ssn', NULL)]), masked(['leaf', 'mid', 'top']));
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.mid.ssn', NULL)]), masked(['mid', 'leaf', 'top']));
});

test('a second parent of a masked child is masked as well', () => {
  const snapshot = snapshotOf({
    'public.a': { columns: ['ssn'] },
    'public.b': { columns: ['ssn'] },
    'public.n': { columns: ['ssn'], parents: ['public.a', 'public.b'] },
  });
  assert.deepEqual(Object.keys(compiled(snapshot, [mask('m', 'public.a.ssn', NULL)])).toSorted(), [
    'public.a.ssn',
    'public.b.ssn',
    'public.n.ssn',
  ]);
});

test('generated columns are derived, transitively and across inheritance', () => {
  const snapshot = snapshotOf({
    'public.t': {
      columns: ['id', 'email', 'lowered', 'twice', 'free'],
      generated: { lowered: ['id', 'email'], twice: ['lowered'], free: ['id'] },
    },
    'public.part': {
      columns: ['email', 'lowered'],
      generated: { lowered: ['email'] },
      parents: ['public.t'],
    },
  });
  assert.deepEqual(
    compiled(snapshot, [mask('a', 'public.t.lowered', EMAIL), mask('b', 'public.t.email', HASH)])[
      'public.t.lowered'
    ],
    'b derived',
  );
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.part.email', EMAIL)]), {
    'public.part.email': 'a email',
    'public.t.email': 'a email',
    'public.t.lowered': 'a derived',
    'public.part.lowered': 'a derived',
    'public.t.twice': 'a derived',
  });
});

test('every column of a view over a masked relation is derived, through views, but for columns a rule names', () => {
  const snapshot = snapshotOf({
    'public.v2': { kind: 'materialized-view', columns: ['x'], reads: ['public.v1'] },
    'public.v1': { kind: 'view', columns: ['id', 'mail'], reads: ['public.t'] },
    'public.t': { columns: ['id', 'email'] },
    'public.loop': { kind: 'view', columns: ['id'], reads: ['public.loop'] },
    'public.plain': { kind: 'view', columns: ['id'], reads: ['public.clean'] },
    'public.clean': { columns: ['id'] },
  });
  assert.deepEqual(
    compiled(snapshot, [mask('a', 'public.t.email', EMAIL), mask('b', 'public.v1.mail', HASH)]),
    {
      'public.t.email': 'a email',
      'public.v1.id': 'a derived',
      'public.v1.mail': 'b hash',
      'public.v2.x': 'b derived',
    },
  );
  assert.deepEqual(
    compiled(snapshot, [
      mask('b', 'public.v1.mail', HASH, { agents: ['bot'] }),
      mask('a', 'public.t.email', EMAIL),
    ])['public.v1.mail'],
    'a derived',
  );
});

test('a column that holds rows of a masked relation is derived', () => {
  const snapshot = snapshotOf({
    'public.t': { columns: ['id', 'ssn'] },
    'public.clean': { columns: ['id'] },
    'public.kept': {
      columns: ['id', 'row', 'other'],
      rowsOf: { row: ['public.t'], other: ['public.clean'] },
    },
  });
  assert.deepEqual(compiled(snapshot, [mask('a', 'public.t.ssn', HASH)]), {
    'public.t.ssn': 'a hash',
    'public.kept.row': 'a derived',
  });
});

test('a view that calls unvouched functions is derived where anything is masked', () => {
  const snapshot = snapshotOf({
    'public.v': { kind: 'view', columns: ['x'], userCode: { onRead: true, onWrite: false } },
    'public.t': { columns: ['ssn'] },
  });
  assert.deepEqual(compiled(snapshot, []), {});
  assert.deepEqual(compiled(snapshot, [mask('a', 'ssn', NULL)]), {
    'public.t.ssn': 'a null',
    'public.v.x': 'built-in derived',
  });
});

test('system relations are masked whatever the rules say, and system views over them do not inherit', () => {
  const snapshot = snapshotOf({
    'pg_catalog.pg_authid': { columns: ['rolname', 'rolpassword'] },
    'pg_catalog.pg_roles': { kind: 'view', columns: ['rolname'], reads: ['pg_catalog.pg_authid'] },
    'pg_catalog.pg_stats': {
      kind: 'view',
      columns: ['tablename', 'most_common_vals', 'histogram_bounds'],
      reads: ['pg_catalog.pg_statistic'],
    },
    'pg_catalog.pg_statistic': { columns: ['starelid', 'stavalues1', 'stavalues5', 'stanumbers2'] },
    'ext.pg_stat_statements': { kind: 'view', columns: ['calls', 'query'] },
    'public.peek': { kind: 'view', columns: ['n'], reads: ['pg_catalog.pg_authid'] },
    'public.roles': { kind: 'view', columns: ['n'], reads: ['pg_catalog.pg_roles'] },
    'pg_toast.pg_toast_5': { kind: 'toast', columns: ['chunk_id', 'chunk_data'] },
    'public.pg_authid': { columns: ['rolpassword'] },
  });
  assert.deepEqual(compiled(snapshot, []), {
    'pg_catalog.pg_authid.rolpassword': 'built-in null',
    'pg_catalog.pg_stats.most_common_vals': 'built-in null',
    'pg_catalog.pg_stats.histogram_bounds': 'built-in null',
    'pg_catalog.pg_statistic.stavalues1': 'built-in null',
    'pg_catalog.pg_statistic.stavalues5': 'built-in null',
    'pg_catalog.pg_statistic.stanumbers2': 'built-in null',
    'ext.pg_stat_statements.query': 'built-in null',
    'public.peek.n': 'built-in derived',
    'pg_toast.pg_toast_5.chunk_data': 'built-in null',
  });
});

test('any and present tell rules that apply from rules that cover something here', () => {
  const empty = snapshotOf({});
  const full = snapshotOf({ 'public.t': { columns: ['c'] } });
  const flags = (snapshot: Snapshot, masks: readonly MaskRule[]) => {
    const { any, present } = compileMasks(ruleSet({ masks }), snapshot, AGENT);
    return { any, present };
  };
  assert.deepEqual(flags(full, []), { any: false, present: false });
  assert.deepEqual(flags(full, [mask('a', 'elsewhere', NULL)]), { any: true, present: false });
  assert.deepEqual(flags(full, [mask('a', 'c', NULL)]), { any: true, present: true });
  assert.deepEqual(flags(full, [mask('a', 'c', NULL, { agents: ['bot'] })]), { any: false, present: false });
  assert.deepEqual(flags(empty, [mask('a', 'c', NULL)]), { any: true, present: true });
});

test('a pattern that covers nothing is reported', () => {
  const snapshot = snapshotOf({ 'public.t': { columns: ['email'] } });
  assert.deepEqual(unmatchedPatterns(ruleSet({ masks: [mask('a', 'email emial', NULL)] }), snapshot), [
    { rule: 'a', pattern: { schema: '*', table: '*', column: 'emial' } },
  ]);
});

const functions = fc.constantFrom(
  NULL,
  REDACT,
  HASH,
  LAST4,
  EMAIL,
  json('hash', 'a'),
  json('redact', 'b'),
  detect('email'),
  detect('jwt'),
);
const tables = ['a', 'b', 'c', 'd'];
const rules = fc.array(
  fc.record({
    table: fc.constantFrom(...tables, '*'),
    column: fc.constantFrom('x', 'y', '*'),
    with: functions,
  }),
  { maxLength: 4 },
);
const parentsOf = fc.array(fc.subarray([0, 1, 2]), { minLength: 4, maxLength: 4 });

test('one mask rule more never unmasks a column of a table or loosens its mask, and masks go both ways', () => {
  fc.assert(
    fc.property(rules, rules, parentsOf, (some, more, parents) => {
      const snapshot = snapshotOf(
        Object.fromEntries(
          tables.map((name, index) => {
            const above = (parents[index] ?? [])
              .filter((parent) => parent < index)
              .map((parent) => `s.${tables[parent]}`);
            return [`s.${name}`, { columns: ['x', 'y', 'z'], generated: { z: ['x'] }, parents: above }];
          }),
        ),
      );
      const made = [...some, ...more].map((one, index) =>
        mask(`m${index}`, `${one.table}.${one.column}`, one.with),
      );
      const few = compileMasks(ruleSet({ masks: made.slice(0, some.length) }), snapshot, AGENT);
      const all = compileMasks(ruleSet({ masks: made }), snapshot, AGENT);
      const turned = compileMasks(ruleSet({ masks: made.toReversed() }), snapshot, AGENT);
      for (const [oid, columns] of few.columns) {
        for (const [attnum, before] of columns) {
          const after = all.columns.get(oid)?.get(attnum);
          assert.ok(after !== undefined && compareMasks(after.with, before.with) <= 0);
        }
      }
      for (const [oid, columns] of all.columns) {
        for (const [attnum, one] of columns) {
          assert.deepEqual(turned.columns.get(oid)?.get(attnum)?.with, one.with);
          const relation = snapshot.relations.get(oid);
          for (const parent of relation?.parents ?? [])
            assert.ok(all.columns.get(parent)?.has(attnum), 'reading the parent shows the child');
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('a column whose type its mask cannot work on is reported, with the type by name', () => {
  const plain = snapshotOf({ 'public.t': { columns: ['i', 'd', 'j', 's', 'u', 'e', 'x'] } });
  const types = [23, 1082, 3802, 25, 2950, 20_000, 600];
  const table = [...plain.relations.values()][0]!;
  const columns = table.columns.map((column, index) => ({ ...column, typeOid: types[index]! }));
  const snapshot = { ...plain, relations: new Map([[table.oid, { ...table, columns }]]) };
  const unfit = (fn: MaskFunction): string[] =>
    unfitMasks(ruleSet({ masks: [mask('a', 't.*', fn)] }), snapshot).map((one) => one.column.slice(-1));
  assert.deepEqual(unfit(NULL), []);
  assert.deepEqual(unfit(REDACT), []);
  assert.deepEqual(unfit(HASH), ['i', 'd', 'j', 'x']);
  assert.deepEqual(unfit(LAST4), ['i', 'd', 'j', 'u', 'x']);
  assert.deepEqual(unfit({ kind: 'digits' }), ['i', 'd', 'j', 'u', 'x']);
  assert.deepEqual(unfit(detect('email')), ['i', 'd', 'j', 'u', 'x']);
  assert.deepEqual(unfit({ kind: 'number', roundTo: 10 }), ['d', 'j', 's', 'u', 'x']);
  assert.deepEqual(unfit({ kind: 'date', truncate: 'year' }), ['i', 'j', 's', 'u', 'x']);
  assert.deepEqual(unfit({ kind: 'date', truncate: 'day' }), ['i', 'd', 'j', 's', 'u', 'x']);
  assert.deepEqual(unfit(json('null', 'a')), ['i', 'd', 's', 'u', 'x']);
  assert.deepEqual(unfitMasks(ruleSet({ masks: [mask('a', 't.i other', EMAIL)] }), snapshot), [
    { rule: 'a', column: 'public.t.i', type: 'integer', mask: 'email' },
  ]);
});

test('two rules on one column: the stricter wins, and of those that hide parts, the parts of both', () => {
  const snapshot = snapshotOf({ 'public.t': { columns: ['c'] } });
  const together = (...fns: readonly MaskFunction[]): MaskFunction | undefined => {
    const masks = fns.map((fn, index) => mask(`m${index}`, 'c', fn));
    const one = compileMasks(ruleSet({ masks }), snapshot, AGENT).columns.get(100)?.get(1)?.with;
    const turned = compileMasks(ruleSet({ masks: masks.toReversed() }), snapshot, AGENT);
    assert.deepEqual(turned.columns.get(100)?.get(1)?.with, one);
    return one;
  };
  const weakest = detect('email');
  for (const fn of [NULL, REDACT, HASH, EMAIL, LAST4, { kind: 'digits' }, json('hash', 'a')] as const)
    assert.deepEqual(together(weakest, fn), fn);
  assert.deepEqual(together({ kind: 'number', roundTo: 10 }, { kind: 'number', roundTo: 1000 }), {
    kind: 'number',
    roundTo: 1000,
  });
  assert.deepEqual(together({ kind: 'date', truncate: 'week' }, { kind: 'date', truncate: 'year' }), {
    kind: 'date',
    truncate: 'year',
  });
  assert.deepEqual(
    together(json('hash', 'b'), json('redact', 'a'), json('hash', 'c', 'a')),
    json('redact', 'a', 'b', 'c'),
  );
  assert.deepEqual(together(detect('iban'), { ...detect('email', 'jwt'), with: { kind: 'redact' } }), {
    ...detect('email', 'iban', 'jwt'),
    with: { kind: 'redact' },
  });
  const set = compileMasks(
    ruleSet({ masks: [mask('x', 'c', json('hash', 'b')), mask('y', 'c', json('null', 'a'))] }),
    snapshot,
    AGENT,
  );
  assert.match(set.describe(100, 1), /"x": json \(\$\.b: hash\), with mask rule "y": json \(\$\.a: null\)/);
});

test('masks together: never weaker than either, whatever the order and however often', () => {
  const some = fc.oneof(
    functions,
    fc.constantFrom(10, 100).map((roundTo): MaskFunction => ({ kind: 'number', roundTo })),
    fc.constantFrom(...DATE_UNITS).map((truncate): MaskFunction => ({ kind: 'date', truncate })),
    fc
      .tuple(fc.constantFrom(...JSON_MASKS), fc.subarray(['a', 'b', 'c'], { minLength: 1 }))
      .map(([how, names]) => json(how, ...names)),
    fc
      .tuple(
        fc.subarray([...DETECTORS], { minLength: 1 }),
        fc.constantFrom<FindingMask>(
          { kind: 'label' },
          { kind: 'redact' },
          { kind: 'partial', keepFirst: 1, keepLast: 0 },
        ),
      )
      .map(([detectors, how]): MaskFunction => ({ kind: 'detect', detectors, with: how })),
  );
  fc.assert(
    fc.property(some, some, some, (a, b, c) => {
      const both = combined(a, b);
      assert.ok(compareMasks(both, a) <= 0 && compareMasks(both, b) <= 0);
      assert.deepEqual(both, combined(b, a));
      assert.deepEqual(combined(both, c), combined(a, combined(b, c)));
      assert.deepEqual(combined(both, both), both);
    }),
    { numRuns: 1000 },
  );
});

test('the table of masks in docs/rules.md is in the order that decides', () => {
  const page = readFileSync(new URL('../../docs/rules.md', import.meta.url), 'utf8');
  const rows = [...page.slice(page.indexOf('**Masks**')).matchAll(/^\| `([a-z]+)/gm)].map(
    (match) => match[1],
  );
  assert.deepEqual(rows.slice(0, STRENGTH.length + 1), ['with', ...STRENGTH]);
});
