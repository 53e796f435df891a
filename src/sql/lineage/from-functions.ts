/**
 * Functions, XMLTABLE and JSON_TABLE as relations: every column comes from all that is put in.
 *
 * Invariant: of a function whose columns are not known, any name may be a column, and `*` cannot be counted.
 */
import { as, namesOf, tagOf, type BodyOf, type Node } from '../tree.ts';
import { outputName } from './column-names.ts';
import { lose, type Context, type Scope } from './context.ts';
import { FIRST_GENERATED_OID } from './limits.ts';
import { isAnything } from './lineage.ts';
import { COLUMNS_OF_FUNCTIONS, SCALAR_FUNCTIONS } from './row-functions.ts';
import {
  CLEAN,
  columnsOf,
  computed,
  derivedFrom,
  shapeOf,
  type Field,
  type Shape,
  type Value,
} from './values.ts';

type Call = {
  readonly fields: readonly Field[];
  /** It may have other columns than these. */
  readonly value: Value;
  readonly known: boolean;
};

export type FunctionRelation = {
  readonly shape: Shape;
  /** Of a single scalar function, the relation's name stands for its value. */
  readonly whole: Value | null;
  readonly name: string | null;
};

export function rangeFunction(
  context: Context,
  body: BodyOf<'RangeFunction'>,
  scope: Scope,
): FunctionRelation {
  const single = body.functions?.length === 1;
  const calls = (body.functions ?? []).map((node) => {
    const [call, columns] = as('List', node)?.items ?? [];
    const written = body.coldeflist ?? as('List', columns)?.items;
    return callOf(context, call, written, single ? body.alias?.aliasname : undefined, scope);
  });
  const fields = calls.flatMap((call) => call.fields);
  const ordinality: readonly Field[] = body.ordinality === true ? [{ name: 'ordinality', value: CLEAN }] : [];
  const known = calls.every((call) => call.known);
  const all = [...fields, ...ordinality];
  const value = computed(calls.map((call) => call.value));
  const first = as('List', body.functions?.[0])?.items?.[0];
  return {
    shape: known ? shapeOf(all) : { fields: all, star: null, open: value },
    whole:
      single && calls[0]?.fields.length === 1 && ordinality.length === 0 ? derivedFrom(value.columns) : null,
    name: single && first !== undefined ? outputName(first) : null,
  };
}

function callOf(
  context: Context,
  node: Node | undefined,
  written: readonly Node[] | undefined,
  alias: string | undefined,
  scope: Scope,
): Call {
  const body = as('FuncCall', node);
  const name = namesOf(body?.funcname).at(-1) ?? '';
  const args = body?.args ?? [];
  const value = derivedFrom(context.value(node, scope).columns);
  // how many rows it makes may depend on whatever it read
  if (value.columns.some(isAnything)) context.influences.of(value, 'range');
  const known = (names: readonly string[]): Call => ({
    fields: names.map((one) => ({ name: one, value })),
    value,
    known: true,
  });
  if (written !== undefined) {
    // the types may be checked by code of people's own
    for (const column of written) context.value({ TypeName: as('ColumnDef', column)?.typeName ?? {} }, scope);
    return known(written.map((column) => as('ColumnDef', column)?.colname ?? ''));
  }
  const columns = COLUMNS_OF_FUNCTIONS.get(name);
  if (columns !== undefined) return known(columns);
  if (name === 'unnest' && args.length > 0) {
    if (!args.every((arg) => isArrayOfScalars(context, arg, scope)))
      return { fields: [], value, known: false };
    return known(args.length === 1 ? [alias ?? name] : args.map(() => name));
  }
  if (tagOf(node) === 'SQLValueFunction' || SCALAR_FUNCTIONS.has(name))
    return known([alias ?? outputName(node)]);
  return { fields: [], value, known: false };
}

/** Whether unnesting it surely makes one column: an array of rows makes one for each field. */
function isArrayOfScalars(context: Context, node: Node, scope: Scope): boolean {
  const array = as('A_ArrayExpr', node);
  if (array !== undefined) return (array.elements ?? []).every(isScalar);
  const cast = as('TypeCast', node);
  if (cast !== undefined) return cast.typeName?.arrayBounds !== undefined && isScalarType(cast.typeName);
  const call = as('FuncCall', node);
  if (call !== undefined) return SCALAR_FUNCTIONS.has(namesOf(call.funcname).at(-1) ?? '');
  if (as('ColumnRef', node) === undefined) return false;
  const value = context.value(node, scope);
  const [column] = value.columns;
  if (value.kind !== 'direct' || column === undefined) return false;
  const stored = context.snapshot.relations
    .get(column.relation)
    ?.columns.find((one) => one.attnum === column.attnum);
  return stored !== undefined && stored.typeOid < FIRST_GENERATED_OID && stored.rowsOf === undefined;
}

function isScalar(node: Node): boolean {
  if (as('A_Const', node) !== undefined || as('ParamRef', node) !== undefined) return true;
  const cast = as('TypeCast', node);
  if (cast !== undefined) return isScalarType(cast.typeName);
  const array = as('A_ArrayExpr', node);
  return array !== undefined && (array.elements ?? []).every(isScalar);
}

const SCALAR_TYPES: ReadonlySet<string> = new Set(
  'text uuid json jsonb date timestamptz bytea name oid inet cidr int2 int4 int8 float4 float8 bool'.split(
    ' ',
  ),
);

/** The words that are SQL's own for a type come out of the parser in pg_catalog. */
function isScalarType(type: BodyOf<'TypeName'> | undefined): boolean {
  const names = namesOf(type?.names);
  return names.at(-2) === 'pg_catalog' || (names.length === 1 && SCALAR_TYPES.has(names[0] ?? ''));
}

export function xmlTable(context: Context, body: BodyOf<'RangeTableFunc'>, scope: Scope): Shape {
  const nodes = [body.docexpr, body.rowexpr, ...(body.namespaces ?? [])];
  const columns = (body.columns ?? []).map(
    (node) => as('RangeTableFuncCol', node) ?? lose('XMLTABLE holds something without a rule'),
  );
  for (const { typeName, colexpr, coldefexpr } of columns) {
    nodes.push(colexpr, coldefexpr);
    if (typeName !== undefined) nodes.push({ TypeName: typeName });
  }
  const value = computed(nodes.map((node) => context.value(node, scope)));
  context.influences.of(value, 'range');
  return shapeOf(columns.map((column): Field => ({ name: column.colname ?? '', value })));
}

export function jsonTable(context: Context, body: BodyOf<'JsonTable'>, scope: Scope): Shape {
  const item = body.context_item === undefined ? undefined : { JsonValueExpr: body.context_item };
  const path = body.pathspec === undefined ? undefined : { JsonTablePathSpec: body.pathspec };
  const onError = body.on_error === undefined ? undefined : { JsonBehavior: body.on_error };
  const common = [item, path, onError, ...(body.passing ?? [])].map((node) => context.value(node, scope));
  const fields: Field[] = [];
  context.influences.of(computed(common), 'range');
  jsonColumns(context, body.columns, computed(common), scope, fields);
  return shapeOf(fields);
}

function jsonColumns(
  context: Context,
  nodes: readonly Node[] | undefined,
  common: Value,
  scope: Scope,
  fields: Field[],
): void {
  for (const node of nodes ?? []) {
    const column = as('JsonTableColumn', node) ?? lose('JSON_TABLE holds something without a rule');
    const own: Value[] = [common];
    if (column.typeName !== undefined) own.push(context.value({ TypeName: column.typeName }, scope));
    if (column.pathspec !== undefined) own.push(context.value({ JsonTablePathSpec: column.pathspec }, scope));
    for (const behavior of [column.on_empty, column.on_error])
      if (behavior !== undefined) own.push(context.value({ JsonBehavior: behavior }, scope));
    const value = derivedFrom(columnsOf(own));
    if (column.coltype === 'JTC_NESTED') jsonColumns(context, column.columns, value, scope, fields);
    else fields.push({ name: column.name ?? '', value });
  }
}
