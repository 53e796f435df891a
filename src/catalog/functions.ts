/** Rows of the catalog queries about people's own functions, as values. */
import type { CatalogFunction, CatalogOperator, FunctionName, RelationCode, TypeCode } from './snapshot.ts';

type Row = readonly unknown[];
type Triple = readonly [number, string, string];

const KINDS: Readonly<Record<string, CatalogFunction['kind']>> = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
};
const VOLATILITIES: Readonly<Record<string, CatalogFunction['volatility']>> = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

/** Rows of `QUERIES.userFunctions`. A kind nobody knows is a procedure, which nothing vouches for. */
export function functionsOf(rows: readonly Row[]): Map<number, CatalogFunction> {
  const functions = new Map<number, CatalogFunction>();
  for (const row of rows) {
    const before = known.get(row);
    const one = before ?? functionOf(row);
    if (before === undefined) known.set(row, one);
    functions.set(one.oid, one);
  }
  return functions;
}

/** A row that was read before gives the same value, so that what was made of that is found again. */
const known = new WeakMap<Row, CatalogFunction>();

function functionOf(row: Row): CatalogFunction {
  const [oid, schema, name, language, kind, volatility, min, max, ...rest] = row as readonly [
    number,
    string,
    string,
    string,
    string,
    string,
    number,
    number | null,
    boolean,
    boolean,
    boolean,
    string | null,
    string | null,
    string | null,
    string | null,
    readonly string[] | null,
    readonly Triple[] | null,
  ];
  const [returnsSet, isTrigger, securityDefiner, settings, extension, body, defaults, types, parts] = rest;
  return {
    oid,
    schema,
    name,
    language,
    kind: KINDS[kind] ?? 'procedure',
    volatility: VOLATILITIES[volatility] ?? 'volatile',
    minArguments: min,
    maxArguments: max,
    returnsSet,
    isTrigger,
    securityDefiner,
    settings: settings === null ? [] : settings.split(','),
    extension,
    body,
    defaults,
    types: types ?? [],
    parts: (parts ?? []).map(nameOf),
  };
}

/** Rows of `QUERIES.operatorCode`. */
export function operatorsOf(rows: readonly Row[]): readonly CatalogOperator[] {
  return (rows as readonly (readonly [string, ...Triple])[]).map(([name, ...by]) => ({
    name,
    by: by[0] === null ? null : nameOf(by),
  }));
}

/** Rows of `QUERIES.typeCode`. */
export function typeCodeOf(rows: readonly Row[]): readonly TypeCode[] {
  return (rows as readonly (readonly [string, string | null, ...Triple])[]).map(([type, check, ...by]) => ({
    type,
    check,
    by: by[0] === null ? null : nameOf(by),
  }));
}

/** Rows of `QUERIES.userCode`. */
export function relationCodeOf(rows: readonly Row[]): readonly RelationCode[] {
  return (rows as readonly (readonly [number, boolean, boolean, number])[]).map(
    ([relation, onRead, onWrite, by]) => ({ relation, onRead, onWrite, by }),
  );
}

function nameOf([oid, schema, name]: Triple): FunctionName {
  return { oid, schema, name };
}
