/**
 * INSERT, UPDATE, DELETE: what is stored where, computed from what, and what RETURNING gives back.
 *
 * Invariant: a target is never a CTE, and one that runs people's own code on writing (triggers, rules) is
 * lost, as that may store or return anything. A column of a view that can be written is the column below it.
 * Non-goal: defaults, which read nothing, and generated columns, whose sources the catalog knows.
 */
import { as, type BodyOf, type Node } from '../tree.ts';
import { lose, within, type Context, type Item, type Part, type Scope } from './context.ts';
import { fromClause, partOf } from './from-clause.ts';
import { counted } from './names.ts';
import { candidates, itemOf } from './relations.ts';
import { targetList } from './target-list.ts';
import { CLEAN, computed, type Field, shapeOf, type Value } from './values.ts';
import { enterWith } from './with.ts';

export function insert(context: Context, body: BodyOf<'InsertStmt'>, outer: Scope): readonly Field[] {
  const base = enterWith(context, body.withClause, within(outer));
  const target = targetItem(context, body.relation);
  const rows = body.selectStmt === undefined ? [] : context.query(body.selectStmt, base);
  const values = rows.map(({ value }) => value);
  const columns = storeRow(context, body.cols, values, target, base);
  const part = partOf(target);
  if (body.onConflictClause?.action === 'ONCONFLICT_UPDATE') {
    upsert(context, body.onConflictClause, { target, part, columns, rows, base });
  }
  return returning(context, body.returningClause, { ...base, parts: [part] }, target);
}

/** Stores values by the columns listed, or from the first on; the columns they went to. */
export function storeRow(
  context: Context,
  list: readonly Node[] | undefined,
  values: readonly Value[],
  target: Item,
  scope: Scope,
): readonly Field[] {
  const columns =
    list === undefined
      ? counted(target.shape).slice(0, values.length)
      : list.map((node) => columnNamed(target, as('ResTarget', node)?.name ?? ''));
  if (values.length > columns.length) lose('more values are inserted than there are columns');
  for (const [index, value] of values.entries()) {
    // `INSERT INTO t (a[1], b.c)`: where in the column it goes is part of what is stored
    const path = as('ResTarget', list?.[index])?.indirection ?? [];
    const whole = [value, ...path.map((step) => context.value(step, scope))];
    store(context, columns[index], path.length === 0 ? value : computed(whole));
  }
  return columns;
}

type Proposal = {
  readonly target: Item;
  readonly part: Part;
  readonly columns: readonly Field[];
  readonly rows: readonly Field[];
  readonly base: Scope;
};

function upsert(context: Context, clause: BodyOf<'OnConflictClause'>, proposal: Proposal): void {
  const { target, part, columns, rows, base } = proposal;
  const excluded = target.shape.fields.map(({ name, value, ...rest }): Field => {
    // what was proposed for the column; to PostgreSQL itself it is a value of that column
    const proposed = columns
      .map((column, index) => (column.name === name ? rows[index]?.value : undefined))
      .filter((one) => one !== undefined);
    const only = proposed.every((one) => one.kind === 'clean');
    return { name, value: only ? value : computed([value, ...proposed]), ...rest };
  });
  const item: Item = {
    ...target,
    alias: 'excluded',
    schemas: null,
    shape: { ...target.shape, fields: excluded, star: null },
    whole: computed(excluded.map(({ value }) => value)),
  };
  const hidden: Part = { items: [item], columns: shapeOf([]) };
  const scope: Scope = { ...base, parts: [part, hidden] };
  assignments(context, clause.targetList, target, scope);
  context.condition(clause.whereClause, scope);
}

export function update(context: Context, body: BodyOf<'UpdateStmt'>, outer: Scope): readonly Field[] {
  const base = enterWith(context, body.withClause, within(outer));
  const target = targetItem(context, body.relation);
  const parts = [partOf(target), ...fromClause(context, body.fromClause, base)];
  const scope: Scope = { ...base, parts };
  assignments(context, body.targetList, target, scope);
  context.condition(body.whereClause, scope);
  return returning(context, body.returningClause, scope, target);
}

export function remove(context: Context, body: BodyOf<'DeleteStmt'>, outer: Scope): readonly Field[] {
  const base = enterWith(context, body.withClause, within(outer));
  const target = targetItem(context, body.relation);
  const parts = [partOf(target), ...fromClause(context, body.usingClause, base)];
  const scope: Scope = { ...base, parts };
  context.condition(body.whereClause, scope);
  return returning(context, body.returningClause, scope, target);
}

export function targetItem(context: Context, relation: BodyOf<'RangeVar'> | undefined): Item {
  const name = relation?.relname ?? '';
  const found = candidates(context, relation?.schemaname ?? null, name);
  for (const one of found) {
    if (one.userCode?.onWrite === true) lose(`writing to ${one.schema}.${one.name} runs a user's function`);
  }
  return itemOf(context, found, relation?.alias?.aliasname ?? name, relation?.alias !== undefined);
}

export function columnNamed(target: Item, name: string): Field {
  return (
    target.shape.fields.find((field) => field.name === name) ??
    lose(`the column ${name} of ${target.alias} is not known`)
  );
}

/** The stored columns below a target column, and with them those of views that lead there. */
export function store(context: Context, column: Field | undefined, value: Value): void {
  const targets = column?.value.columns ?? [];
  // a constraint, a length or NOT NULL may refuse what is computed: `set email = nullif(email, 'a@b.c')`
  if (value.kind === 'derived') context.influences.of(value, 'branch');
  if (targets.length === 0) context.stores.push({ target: null, from: value.columns });
  for (const target of targets) context.stores.push({ target, from: value.columns });
}

/** `SET a = …, (b, c) = …, d.e[1] = …` */
export function assignments(
  context: Context,
  nodes: readonly Node[] | undefined,
  target: Item,
  scope: Scope,
): void {
  for (const node of nodes ?? []) {
    const body = as('ResTarget', node) ?? lose('SET holds something without a rule');
    const value = assigned(context, body.val, scope);
    const path = (body.indirection ?? []).map((step) => context.value(step, scope));
    store(
      context,
      columnNamed(target, body.name ?? ''),
      path.length === 0 ? value : computed([value, ...path]),
    );
  }
}

function assigned(context: Context, node: Node | undefined, scope: Scope): Value {
  const several = as('MultiAssignRef', node);
  if (several === undefined) return context.value(node, scope);
  const position = (several.colno ?? 1) - 1;
  const row = as('RowExpr', several.source);
  if (row !== undefined) return context.value(row.args?.[position], scope);
  const link = as('SubLink', several.source);
  if (link === undefined) {
    const value = context.value(several.source, scope);
    return computed([value]);
  }
  return context.query(link.subselect, scope)[position]?.value ?? CLEAN;
}

/** From 18 on the row before and the row after have names of their own. */
export function returning(
  context: Context,
  clause: BodyOf<'ReturningClause'> | undefined,
  scope: Scope,
  target: Item,
): readonly Field[] {
  if (clause === undefined) return [];
  const aliases = { old: 'old', new: 'new' };
  for (const node of clause.options ?? []) {
    const { option, value } = as('ReturningOption', node) ?? {};
    if (value === undefined) continue;
    if (option === 'RETURNING_OPTION_OLD') aliases.old = value;
    else aliases.new = value;
  }
  const taken = new Set(scope.parts.flatMap((part) => part.items.map((item) => item.alias)));
  const items = [aliases.old, aliases.new]
    .filter((alias) => !taken.has(alias))
    .map((alias): Item => ({ ...target, alias, schemas: null }));
  const named: Part = { items, columns: shapeOf([]) };
  // no column of it is in reach by itself, so it adds nothing to a star
  return targetList(context, clause.exprs, { ...scope, parts: [...scope.parts, named] });
}
