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
import { guards } from './lazy.ts';
import { castCanFail, isScalar, isTextType, operatorCanFail, plainOf } from './telling.ts';
import {
  CLEAN,
  columnsOf,
  computed,
  derivedFrom,
  plainly,
  rowOf,
  shapeOf,
  type Field,
  type Value,
} from './values.ts';
import { EQUALS, vouchExpression, vouchOperator, vouchSyntax, vouchType } from './vouching.ts';

type Rule<K extends Tag> = (context: Context, body: BodyOf<K>, scope: Scope) => Value;

type Rules = { readonly [K in Tag]?: Rule<K> };

const constant = (): Value => CLEAN;

/** Computed from everything below it. */
function fromChildren<K extends Tag>(tag: K): Rule<K> {
  return (context, body, scope) => children(context, tag, body as Body, scope);
}

/** The same, of what fails for some values. */
function failing<K extends Tag>(tag: K): Rule<K> {
  return (context, body, scope) => {
    const value = children(context, tag, body as Body, scope);
    context.influences.of(value, 'branch');
    return value;
  };
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
  A_Expr: operation,
  A_Indirection(context, body, scope) {
    return indirection(context, body, scope);
  },
  TypeCast(context, body, scope) {
    vouchType(context, body.typeName);
    const value = valueOf(context, body.arg, scope);
    if (castCanFail(context, body.typeName, value)) context.influences.of(value, 'branch');
    const fields = fieldsOfType(context, body.typeName, value);
    if (fields !== null) return rowOf(value.columns, shapeOf(fields));
    const number = plainOf(context, value) === 'number' && body.typeName?.arrayBounds === undefined;
    return plainly(
      derivedFrom(value.columns),
      isTextType(body.typeName) ? 'text' : number ? 'number' : undefined,
    );
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
  BoolExpr(context, body, scope) {
    return lazily(context, body.args, scope);
  },
  BooleanTest: fromChildren('BooleanTest'),
  CoalesceExpr(context, body, scope) {
    return lazily(context, body.args, scope);
  },
  MinMaxExpr: fromChildren('MinMaxExpr'),
  CollateClause: fromChildren('CollateClause'),
  A_ArrayExpr(context, body, scope) {
    return arrayOf(
      context,
      (body.elements ?? []).map((node) => valueOf(context, node, scope)),
    );
  },
  A_Indices: fromChildren('A_Indices'),
  List: fromChildren('List'),
  NamedArgExpr: fromChildren('NamedArgExpr'),
  ResTarget: fromChildren('ResTarget'),
  XmlExpr: failing('XmlExpr'),
  XmlSerialize: fromChildren('XmlSerialize'),
  JsonReturning: fromChildren('JsonReturning'),
  JsonValueExpr(context, body, scope) {
    const value = children(context, 'JsonValueExpr', body as Body, scope);
    if (body.format?.format_type === 'JS_FORMAT_JSON') context.influences.of(value, 'branch');
    return value;
  },
  JsonIsPredicate: fromChildren('JsonIsPredicate'),
  JsonBehavior: fromChildren('JsonBehavior'),
  JsonOutput: fromChildren('JsonOutput'),
  JsonArgument: fromChildren('JsonArgument'),
  JsonFuncExpr: failing('JsonFuncExpr'),
  JsonTablePathSpec: fromChildren('JsonTablePathSpec'),
  JsonKeyValue(context, body, scope) {
    const key = valueOf(context, body.key, scope);
    // it can be no NULL, and there may be a rule that it be no second
    context.influences.of(key, 'branch');
    return computed([key, children(context, 'JsonKeyValue', { value: body.value }, scope)]);
  },
  JsonParseExpr: failing('JsonParseExpr'),
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

function operation(context: Context, body: BodyOf<'A_Expr'>, scope: Scope): Value {
  vouchExpression(context, body);
  const items = as('List', body.rexpr)?.items;
  const left = body.lexpr === undefined ? null : valueOf(context, body.lexpr, scope);
  const rights = (items ?? [body.rexpr]).map((node) => valueOf(context, node, scope));
  const values = left === null ? rights : [left, ...rights];
  const value = computed(values);
  if (operatorCanFail(context, body, left, computedPlainly(rights))) context.influences.of(value, 'branch');
  const rows = [body.lexpr, body.rexpr].flatMap((node) => as('RowExpr', node)?.args ?? []);
  if (items !== undefined) guards(context, [body.lexpr, ...items], values, scope);
  else if (rows.length > 0) guards(context, [undefined, body.lexpr, body.rexpr], values, scope);
  if (body.kind === 'AEXPR_NULLIF') return plainly(value, plainOf(context, left ?? undefined));
  return namesOf(body.name).at(-1) === '||' ? plainly(value, 'text') : value;
}

/** Arrays in an array must be of one length. */
function arrayOf(context: Context, values: readonly Value[]): Value {
  for (const value of values) if (!isScalar(context, value)) context.influences.of(value, 'branch');
  return computed(values);
}

/** One value as it is, several as what is computed from them. */
function computedPlainly(values: readonly Value[]): Value {
  return values.length === 1 ? (values[0] ?? CLEAN) : computed(values);
}

/** AND, OR and COALESCE stop where their result is clear. */
function lazily(context: Context, nodes: readonly Node[] | undefined, scope: Scope): Value {
  const values = (nodes ?? []).map((node) => valueOf(context, node, scope));
  guards(context, nodes ?? [], values, scope);
  const tainted = values.filter(({ columns }) => columns.length > 0);
  const small = (nodes ?? []).every(
    (node, index) => as('A_Const', node)?.ival !== undefined || plainOf(context, values[index]) === 'number',
  );
  return plainly(
    computed(values),
    small ? 'number' : tainted.some((value) => isScalar(context, value)) ? 'text' : undefined,
  );
}

function indirection(context: Context, body: BodyOf<'A_Indirection'>, scope: Scope): Value {
  let value = valueOf(context, body.arg, scope);
  const subscripts: Node[] = [];
  const values = [value];
  for (const step of body.indirection ?? []) {
    const name = stringOf(step);
    // `.*` where one value is wanted is the row
    if (as('A_Star', step) !== undefined) continue;
    if (name !== null) {
      value = fieldOf(context, value, name);
      continue;
    }
    const subscript = valueOf(context, step, scope);
    const indices = as('A_Indices', step);
    subscripts.push(...[indices?.lidx, indices?.uidx].filter((one) => one !== undefined));
    values.push(subscript);
    value = computed([value, subscript]);
  }
  // of what is NULL no subscript is computed
  guards(context, [body.arg, ...subscripts], values, scope);
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
  // a row of that very relation stays as it is: pg_get_viewdef writes `c.*::public.customers`; any other is
  // converted column by column, which may cut a value
  const fields = value.shape?.star ?? [];
  const same = (one: Field, at: number): boolean =>
    one.value.columns.some(
      (column) => column.relation === only.oid && column.attnum === only.columns[at]?.attnum,
    );
  if (fields.length === only.columns.length && fields.every(same)) return fields;
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
      return arrayOf(
        context,
        context.query(body.subselect, scope).map(({ value }) => value),
      );
    case 'EXISTS_SUBLINK':
      return wholeQuery(context, body.subselect, scope);
    case 'ANY_SUBLINK':
    case 'ALL_SUBLINK': {
      const values = [valueOf(context, body.testexpr, scope), wholeQuery(context, body.subselect, scope)];
      // how many of its rows are computed depends on when the comparison is decided
      context.influences.of(computed(values), 'branch');
      return computed(values);
    }
    default:
      return lose(`it holds a sub-query of a kind without a rule`);
  }
}
