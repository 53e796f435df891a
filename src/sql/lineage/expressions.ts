/**
 * The value of every expression, by a table with a rule for each tag.
 *
 * Invariant: a tag without a rule is lost, and so is a field the grammar does not have: nothing below an
 * expression is passed over unseen, but for what `CONSTANT` names. Each node is visited once, since a
 * sub-query in it is followed, and its influences recorded, by that visit.
 * Non-goal: types. Whether `(a).b` is a field or a call, both are answered.
 */
import { resolve } from '../../catalog/snapshot.ts';
import { GRAMMAR } from '../grammar.ts';
import { as, namesOf, stringOf, tagOf, type Body, type BodyOf, type Node, type Tag } from '../tree.ts';
import { vouchComparison } from './conditions.ts';
import { lose, type Context, type Scope } from './context.ts';
import { aggregateFilter, functionCall, windowValue } from './function-calls.ts';
import { columnReference, fieldOf } from './names.ts';
import { expressionList } from './target-list.ts';
import { castCanFail, operatorCanFail } from './telling.ts';
import { CLEAN, columnsOf, computed, derivedFrom, rowOf, shapeOf, type Field, type Value } from './values.ts';
import { EQUALS, vouchExpression, vouchOperator, vouchSyntax, vouchType } from './vouching.ts';

type Rule<K extends Tag> = (context: Context, body: BodyOf<K>, scope: Scope) => Value;

type Rules = { readonly [K in Tag]?: Rule<K> };

const constant = (): Value => CLEAN;

/** Computed from everything below it. */
function fromChildren<K extends Tag>(tag: K): Rule<K> {
  return (context, body, scope) => children(context, tag, body as Body, scope);
}

function children(context: Context, tag: string, body: Body, scope: Scope): Value {
  const known = GRAMMAR.get(tag) ?? lose(`it holds ${tag}, which nobody gave a rule`);
  const values: Value[] = [];
  for (const key in body) {
    const field = known.get(key) ?? lose(`it holds ${tag}.${key}, which nobody gave a rule`);
    const below = body[key];
    if (field.kind === 'node') values.push(valueOf(context, below as Node, scope));
    else if (field.kind === 'inline') values.push(tagged(context, field.tag, below as Body, scope));
    else if (field.kind === 'list') {
      for (const node of below as readonly Node[]) values.push(valueOf(context, node, scope));
    }
  }
  return computed(values);
}

export const EXPRESSION_RULES: Rules = {
  A_Const: constant,
  ParamRef: constant,
  SQLValueFunction: constant,
  SetToDefault: constant,
  MergeSupportFunc: constant,
  CurrentOfExpr: constant,
  String: constant,
  JsonFormat: constant,
  // which columns a row is grouped by, not what they hold
  GroupingFunc: constant,
  ColumnRef: columnReference,
  FuncCall: functionCall,
  TypeName(context, body) {
    vouchType(context, body);
    return CLEAN;
  },
  A_Expr(context, body, scope) {
    vouchExpression(context, body);
    const value = children(context, 'A_Expr', body as Body, scope);
    if (operatorCanFail(body)) context.influences.of(value, 'branch');
    return value;
  },
  A_Indirection(context, body, scope) {
    return indirection(context, body, scope);
  },
  TypeCast(context, body, scope) {
    vouchType(context, body.typeName);
    const value = valueOf(context, body.arg, scope);
    if (castCanFail(body.typeName)) context.influences.of(value, 'branch');
    const fields = fieldsOfType(context, body.typeName, value);
    return fields === null ? derivedFrom(value.columns) : rowOf(value.columns, shapeOf(fields));
  },
  NullTest(context, body, scope) {
    const value = valueOf(context, body.arg, scope);
    return as('ColumnRef', body.arg) !== undefined && value.kind !== 'derived'
      ? CLEAN
      : derivedFrom(value.columns);
  },
  CaseExpr(context, body, scope) {
    if (body.arg !== undefined) vouchOperator(context, EQUALS);
    const arg = valueOf(context, body.arg, scope);
    const values = [arg];
    context.influences.of(arg, 'branch');
    for (const node of body.args ?? []) {
      const when = as('CaseWhen', node) ?? lose('a CASE holds something without a rule');
      const condition = valueOf(context, when.expr, scope);
      context.influences.of(condition, 'branch');
      values.push(condition, valueOf(context, when.result, scope));
    }
    values.push(valueOf(context, body.defresult, scope));
    return computed(values);
  },
  RowExpr(context, body, scope) {
    const values = expressionList(context, body.args, scope);
    const fields = values.map((value, index): Field => ({ name: `f${index + 1}`, value }));
    return rowOf(columnsOf(values), shapeOf(fields));
  },
  SubLink: subLink,
  SelectStmt(context, body, scope) {
    return wholeQuery(context, { SelectStmt: body }, scope);
  },
  WindowDef: windowValue,
  SortBy(context, body, scope) {
    vouchOperator(context, namesOf(body.useOp));
    const value = valueOf(context, body.node, scope);
    context.influences.of(value, 'order');
    return value;
  },
  JsonAggConstructor(context, body, scope) {
    const { agg_filter: filter, ...rest } = body;
    const value = children(context, 'JsonAggConstructor', rest, scope);
    return computed([value, aggregateFilter(context, filter, scope)]);
  },
  BoolExpr: fromChildren('BoolExpr'),
  BooleanTest: fromChildren('BooleanTest'),
  CoalesceExpr: fromChildren('CoalesceExpr'),
  MinMaxExpr: fromChildren('MinMaxExpr'),
  CollateClause: fromChildren('CollateClause'),
  A_ArrayExpr: fromChildren('A_ArrayExpr'),
  A_Indices: fromChildren('A_Indices'),
  List: fromChildren('List'),
  NamedArgExpr: fromChildren('NamedArgExpr'),
  ResTarget: fromChildren('ResTarget'),
  XmlExpr: fromChildren('XmlExpr'),
  XmlSerialize: fromChildren('XmlSerialize'),
  JsonReturning: fromChildren('JsonReturning'),
  JsonValueExpr: fromChildren('JsonValueExpr'),
  JsonIsPredicate: fromChildren('JsonIsPredicate'),
  JsonBehavior: fromChildren('JsonBehavior'),
  JsonOutput: fromChildren('JsonOutput'),
  JsonArgument: fromChildren('JsonArgument'),
  JsonFuncExpr: fromChildren('JsonFuncExpr'),
  JsonTablePathSpec: fromChildren('JsonTablePathSpec'),
  JsonKeyValue: fromChildren('JsonKeyValue'),
  JsonParseExpr: fromChildren('JsonParseExpr'),
  JsonScalarExpr: fromChildren('JsonScalarExpr'),
  JsonSerializeExpr: fromChildren('JsonSerializeExpr'),
  JsonObjectConstructor: fromChildren('JsonObjectConstructor'),
  JsonArrayConstructor: fromChildren('JsonArrayConstructor'),
  JsonArrayQueryConstructor: fromChildren('JsonArrayQueryConstructor'),
  JsonObjectAgg: fromChildren('JsonObjectAgg'),
  JsonArrayAgg: fromChildren('JsonArrayAgg'),
};

const BY_TAG = new Map(Object.entries(EXPRESSION_RULES)) as ReadonlyMap<string, Rule<Tag>>;

export function valueOf(context: Context, node: Node | undefined, scope: Scope): Value {
  const tag = tagOf(node);
  if (tag === null || node === undefined) return CLEAN;
  return tagged(context, tag, (node as Body)[tag] as Body, scope);
}

function tagged(context: Context, tag: string, body: Body, scope: Scope): Value {
  context.step();
  const rule = BY_TAG.get(tag) ?? lose(`it holds ${tag}, which lineage has no rule for`);
  vouchSyntax(context, tag, body);
  return rule(context, body as never, scope);
}

function indirection(context: Context, body: BodyOf<'A_Indirection'>, scope: Scope): Value {
  let value = valueOf(context, body.arg, scope);
  for (const step of body.indirection ?? []) {
    const name = stringOf(step);
    // `.*` where one value is wanted is the row
    if (as('A_Star', step) !== undefined) continue;
    value = name === null ? computed([value, valueOf(context, step, scope)]) : fieldOf(context, value, name);
  }
  return value;
}

/** The fields of a row that is cast to a relation's own type; null for every other type. */
function fieldsOfType(
  context: Context,
  type: BodyOf<'TypeName'> | undefined,
  value: Value,
): readonly Field[] | null {
  if (type === undefined || type.arrayBounds !== undefined || type.setof === true) return null;
  const written = namesOf(type.names);
  const name = written.at(-1) ?? '';
  const schema = written.at(-2) ?? (context.definition ? 'pg_catalog' : null);
  if (schema === 'pg_catalog' || !context.snapshot.byName.has(name)) return null;
  const [only, ...more] = resolve(context.snapshot, { schema, name }).filter(({ kind }) => kind !== 'index');
  if (only === undefined || more.length > 0) return null;
  // a row that has these fields keeps them: pg_get_viewdef writes `c.*::public.customers`
  const fields = value.shape?.star ?? [];
  if (fields.length === only.columns.length && fields.every((one, at) => one.name === only.columns[at]?.name))
    return fields;
  const own = derivedFrom(value.columns);
  return only.columns.map((column): Field => ({ name: column.name, value: own }));
}

/** A query whose value as a whole is wanted: what it returns, and what decides whether it returns it. */
function wholeQuery(context: Context, query: Node | undefined, scope: Scope): Value {
  let outputs: readonly Field[] = [];
  const own = context.watch(() => {
    outputs = context.query(query, scope);
  });
  return computed([...outputs.map(({ value }) => value), derivedFrom(own.columns)]);
}

/** A sub-query of several columns is a row, as one side of a comparison. */
function oneOrRow(outputs: readonly Field[]): Value {
  const [only] = outputs;
  if (only !== undefined && outputs.length === 1) return only.value;
  return rowOf(columnsOf(outputs.map(({ value }) => value)), shapeOf(outputs));
}

function subLink(context: Context, body: BodyOf<'SubLink'>, scope: Scope): Value {
  vouchComparison(context, body);
  switch (body.subLinkType) {
    case 'EXPR_SUBLINK':
      return oneOrRow(context.query(body.subselect, scope));
    case 'ARRAY_SUBLINK':
      return computed(context.query(body.subselect, scope).map(({ value }) => value));
    case 'EXISTS_SUBLINK':
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK':
      return computed([valueOf(context, body.testexpr, scope), wholeQuery(context, body.subselect, scope)]);
    default:
      return lose(`it holds a sub-query of a kind without a rule`);
  }
}
