/**
 * FROM: what each item can be called, and the columns it puts in reach, as `parse_clause.c` builds its
 * namespaces. An item sees those before it if it is LATERAL or a function; a join's condition sees both sides.
 *
 * Invariant: a merged column of USING or NATURAL comes from both sides, but for the outer side's of a LEFT
 * or RIGHT join, which PostgreSQL takes as it is.
 */
import { as, namesOf, stringOf, tagOf, type BodyOf, type Node } from '../tree.ts';
import { conditionOf, relate } from './conditions.ts';
import { lose, type Context, type Item, type Part, type Scope } from './context.ts';
import { jsonTable, rangeFunction, xmlTable } from './from-functions.ts';
import { candidates, itemOf } from './relations.ts';
import {
  computed,
  derivedFrom,
  either,
  rowOf,
  columnsOf,
  shapeOf,
  type Field,
  type Shape,
  type Value,
} from './values.ts';
import { storedType } from './telling.ts';
import { EQUALS, vouchOperator } from './vouching.ts';
import { findCte, shapeOfCte } from './with.ts';

export function fromClause(
  context: Context,
  nodes: readonly Node[] | undefined,
  base: Scope,
): readonly Part[] {
  const parts: Part[] = [];
  for (const node of nodes ?? []) parts.push(fromItem(context, node, base, parts));
  return parts;
}

/** `before` is what a LATERAL item sees of its own level. */
export function fromItem(
  context: Context,
  node: Node | undefined,
  base: Scope,
  before: readonly Part[],
): Part {
  context.step();
  const lateral = (): Scope => ({ ...base, parts: [...before] });
  switch (tagOf(node)) {
    case 'RangeVar':
      return partOf(relation(context, as('RangeVar', node) ?? {}, base));
    case 'RangeSubselect': {
      const body = as('RangeSubselect', node) ?? {};
      const outputs = context.query(body.subquery, body.lateral === true ? lateral() : base);
      return partOf(derivedItem(shapeOf(outputs), body.alias));
    }
    case 'JoinExpr':
      return join(context, as('JoinExpr', node) ?? {}, base, before);
    case 'RangeFunction': {
      const body = as('RangeFunction', node) ?? {};
      const { shape, whole, name } = rangeFunction(context, body, lateral());
      const item = derivedItem(shape, body.alias ?? (name === null ? undefined : { aliasname: name }));
      return partOf(whole === null ? item : { ...item, whole });
    }
    case 'RangeTableFunc': {
      const body = as('RangeTableFunc', node) ?? {};
      return partOf(derivedItem(xmlTable(context, body, lateral()), body.alias));
    }
    case 'JsonTable': {
      const body = as('JsonTable', node) ?? {};
      return partOf(derivedItem(jsonTable(context, body, lateral()), body.alias));
    }
    case 'RangeTableSample': {
      const body = as('RangeTableSample', node) ?? {};
      const part = fromItem(context, body.relation, base, before);
      const method = namesOf(body.method).at(-1);
      if (method !== 'system' && method !== 'bernoulli') lose(`the sampling method ${method} is not known`);
      for (const arg of [...(body.args ?? []), body.repeatable])
        context.influences.of(context.value(arg, lateral()), 'limit');
      return part;
    }
    default:
      return lose(`FROM holds ${tagOf(node)}, which lineage has no rule for`);
  }
}

function relation(context: Context, body: BodyOf<'RangeVar'>, scope: Scope): Item {
  const name = body.relname ?? '';
  const cte = body.schemaname === undefined ? findCte(scope.ctes, name) : null;
  const alias = body.alias?.aliasname ?? name;
  if (cte !== null) return derivedItem(shapeOfCte(context, cte), { ...body.alias, aliasname: alias });
  return renamedItem(
    itemOf(context, candidates(context, body.schemaname ?? null, name), alias, body.alias !== undefined),
    namesOf(body.alias?.colnames),
  );
}

export function partOf(item: Item): Part {
  return { items: [item], columns: item.shape };
}

/** An item that is no stored relation. */
export function derivedItem(shape: Shape, alias: BodyOf<'Alias'> | undefined): Item {
  const columns = columnsOf([
    ...shape.fields.map(({ value }) => value),
    ...(shape.open === null ? [] : [shape.open]),
  ]);
  const item: Item = {
    alias: alias?.aliasname ?? null,
    schemas: null,
    relations: [],
    shape,
    whole: shape.open === null ? rowOf(columns, shape) : derivedFrom(columns),
  };
  return renamedItem(item, namesOf(alias?.colnames));
}

function renamedItem(item: Item, names: readonly string[]): Item {
  if (names.length === 0) return item;
  const { star, open } = item.shape;
  let shape: Shape;
  if (star !== null) {
    if (names.length > star.length) lose('a table alias has more names than the table has columns');
    const named = star.map((field, index) => ({ name: names[index] ?? field.name, value: field.value }));
    // those that are in reach but no part of `*` keep their names
    const others = item.shape.fields.filter((field) => !star.includes(field));
    shape = { fields: [...named, ...others], star: named, open: null };
  } else if (open !== null) {
    shape = { fields: names.map((name) => ({ name, value: open })), star: null, open };
  } else {
    shape = lose('the columns that a table alias renames cannot be told');
  }
  return { ...item, shape, whole: { ...item.whole, shape: item.whole.shape === null ? null : shape } };
}

function join(context: Context, body: BodyOf<'JoinExpr'>, base: Scope, before: readonly Part[]): Part {
  const left = fromItem(context, body.larg, base, before);
  const right = fromItem(context, body.rarg, base, [...before, left]);
  const names = sharedNames(body, left.columns, right.columns);
  if (names.length > 0) vouchOperator(context, EQUALS);
  const merged = names.map((name) => merge(context, name, body.jointype, left.columns, right.columns));
  conditionOf(context, body.quals, { ...base, parts: [left, right] });
  const columns: Shape = {
    fields: [...merged, ...rest(left.columns.fields, names), ...rest(right.columns.fields, names)],
    star:
      left.columns.star === null || right.columns.star === null
        ? null
        : [...merged, ...rest(left.columns.star, names), ...rest(right.columns.star, names)],
    open: openOf(left.columns.open, right.columns.open),
  };
  const using = body.join_using_alias;
  const items = [...left.items, ...right.items];
  if (using !== undefined) items.push(derivedItem(shapeOf(merged), using));
  if (body.alias === undefined) return { items, columns };
  const item = derivedItem(columns, body.alias);
  return {
    items: using === undefined ? [item] : [item, derivedItem(shapeOf(merged), using)],
    columns: item.shape,
  };
}

function sharedNames(body: BodyOf<'JoinExpr'>, left: Shape, right: Shape): readonly string[] {
  if (body.isNatural !== true) return (body.usingClause ?? []).map((node) => stringOf(node) ?? '');
  if (left.star === null || right.star === null)
    lose('the columns that a NATURAL join compares cannot be told');
  const others = new Set(right.fields.map(({ name }) => name));
  return left.fields.map(({ name }) => name).filter((name) => others.has(name));
}

function merge(
  context: Context,
  name: string,
  type: BodyOf<'JoinExpr'>['jointype'],
  left: Shape,
  right: Shape,
): Field {
  const from = sideOf(left, name);
  const to = sideOf(right, name);
  relate(context, from, to, true);
  // a difference in type makes PostgreSQL convert the value, and equal is not the same
  const alike = storedType(context, from) !== null && storedType(context, from) === storedType(context, to);
  if (type === 'JOIN_LEFT') return { name, value: alike ? from : computed([from]) };
  if (type === 'JOIN_RIGHT') return { name, value: alike ? to : computed([to]) };
  return { name, value: type === 'JOIN_FULL' ? computed([from, to]) : either([from, to]) };
}

function sideOf(shape: Shape, name: string): Value {
  const found = shape.fields.filter((field) => field.name === name).map(({ value }) => value);
  if (shape.open !== null) found.push(shape.open);
  if (found.length === 0) lose(`the column ${name} of a join is not known`);
  return either(found);
}

function rest(fields: readonly Field[], names: readonly string[]): readonly Field[] {
  return names.length === 0 ? fields : fields.filter(({ name }) => !names.includes(name));
}

function openOf(left: Value | null, right: Value | null): Value | null {
  if (left === null || right === null) return left ?? right;
  return computed([left, right]);
}
