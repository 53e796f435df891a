/**
 * WITH: which queries a name stands for, and what they return. Scoping as in `parse_cte.c`: without RECURSIVE
 * an item sees the ones before it, with RECURSIVE all of its list, in any order.
 *
 * Invariant: a recursive query is followed until another round adds nothing, so that a column that reaches
 * an output only after several rounds is there. A query that reads one that reads it is lost.
 */
import { as, namesOf, type BodyOf } from '../tree.ts';
import { lose, type Context, type Cte, type CteList, type Scope } from './context.ts';
import { MAX_FIXPOINT_ROUNDS } from './limits.ts';
import { computed, either, shapeOf, type Field, type Shape } from './values.ts';

/** The scope of what follows a WITH list; `scope` is what its queries can reach. */
export function enterWith(context: Context, clause: BodyOf<'WithClause'> | undefined, scope: Scope): Scope {
  if (clause === undefined) return scope;
  const bodies = (clause.ctes ?? []).map(
    (node) => as('CommonTableExpr', node) ?? lose('a WITH list holds something without a rule'),
  );
  if (clause.recursive === true) {
    const ctes = bodies.map((body) => cteOf(body, scope));
    const inner: Scope = { ...scope, ctes: { ctes, outer: scope.ctes } };
    for (const cte of ctes) cte.scope = inner;
    for (const cte of ctes) columnsOfCte(context, cte);
    return inner;
  }
  let inner = scope;
  for (const body of bodies) {
    const cte = cteOf(body, inner);
    columnsOfCte(context, cte);
    inner = { ...inner, ctes: { ctes: [cte], outer: inner.ctes } };
  }
  return inner;
}

function cteOf(body: BodyOf<'CommonTableExpr'>, scope: Scope): Cte {
  return { name: body.ctename ?? '', body, state: 'new', fields: null, recursed: false, scope };
}

export function findCte(list: CteList | null, name: string): Cte | null {
  for (let at = list; at !== null; at = at.outer) {
    const found = at.ctes.find((cte) => cte.name === name);
    if (found !== undefined) return found;
  }
  return null;
}

export function columnsOfCte(context: Context, cte: Cte): readonly Field[] {
  if (cte.state === 'done') return cte.fields ?? [];
  if (cte.state === 'running') {
    cte.recursed = true;
    return cte.fields ?? lose(`the WITH query ${cte.name} reads itself in a way without a rule`);
  }
  cte.state = 'running';
  cte.fields = withExtras(follow(context, cte), cte.body);
  cte.state = 'done';
  return cte.fields;
}

/** While it runs, what SEARCH and CYCLE add can be named but is not part of `*`. */
export function shapeOfCte(context: Context, cte: Cte): Shape {
  const fields = columnsOfCte(context, cte);
  return cte.state === 'running'
    ? { fields: withExtras(fields, cte.body), star: fields, open: null }
    : shapeOf(fields);
}

function follow(context: Context, cte: Cte): readonly Field[] {
  const query = cte.body.ctequery;
  const select = as('SelectStmt', query);
  if (select !== undefined) context.recursing.set(select, cte);
  for (let round = 0; round < MAX_FIXPOINT_ROUNDS; round++) {
    cte.recursed = false;
    const outputs = named(context.query(query, cte.scope), cte.body);
    if (!cte.recursed) return outputs;
    const before = cte.fields ?? [];
    const after = outputs.map((field, index): Field => {
      const earlier = before[index];
      return earlier === undefined
        ? field
        : { name: field.name, value: either([earlier.value, field.value]) };
    });
    cte.fields = after;
    if (before.length === after.length && after.every((field, index) => isSame(field, before[index])))
      return after;
  }
  return lose(`the recursive query ${cte.name} does not come to rest`);
}

/** Rounds only ever add, so as many columns are the same columns. */
function isSame(a: Field, b: Field | undefined): boolean {
  return a.value.kind === b?.value.kind && a.value.columns.length === b.value.columns.length;
}

/** The first arm of a recursive query tells its columns' number and names, before the second is read. */
export function beginRecursion(context: Context, body: object, first: readonly Field[]): void {
  const cte = context.recursing.get(body);
  if (cte !== undefined) cte.fields ??= named(first, cte.body);
}

function named(outputs: readonly Field[], body: BodyOf<'CommonTableExpr'>): readonly Field[] {
  const names = namesOf(body.aliascolnames);
  if (names.length === 0) return outputs;
  if (names.length > outputs.length) lose('a WITH query has fewer columns than names');
  return outputs.map((field, index) => ({ name: names[index] ?? field.name, value: field.value }));
}

/** SEARCH and CYCLE add columns made of the ones they name. */
function withExtras(fields: readonly Field[], body: BodyOf<'CommonTableExpr'>): readonly Field[] {
  const { search_clause: search, cycle_clause: cycle } = body;
  if (search === undefined && cycle === undefined) return fields;
  const from = (names: readonly string[]) =>
    computed(
      names.map(
        (name) =>
          fields.find((field) => field.name === name)?.value ?? lose(`the column ${name} is not known`),
      ),
    );
  const extras: Field[] = [];
  if (search !== undefined) {
    extras.push({ name: search.search_seq_column ?? '', value: from(namesOf(search.search_col_list)) });
  }
  if (cycle !== undefined) {
    const value = from(namesOf(cycle.cycle_col_list));
    extras.push({ name: cycle.cycle_mark_column ?? '', value });
    extras.push({ name: cycle.cycle_path_column ?? '', value });
  }
  return [...fields, ...extras];
}
