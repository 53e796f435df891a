/**
 * What tells, without reading it, whether a part of the catalog is as it was: for each system catalog how many rows
 * it has and a hash over where they are and which transaction wrote them. A row never changes in place in anything
 * that is read here, so the same places by the same writers are the same rows.
 *
 * Invariant: a query of `queries.ts` is read again if any catalog that its result depends on differs. What is
 * written twice as often as it is needed costs time only; what is left out would leave a reading out of date.
 * Non-goals: what changed (the queries say), statistics, which the server does change in place.
 */
import { FIRST_USER_OID } from './limits.ts';
import type { QueryName } from './queries.ts';

/** A type that is some relation's row, or an array of such rows: each table brings both. */
const OF_ROWS = `(x.typrelid <> 0 OR EXISTS (SELECT 1 FROM pg_catalog.pg_type e
  WHERE e.oid = x.typelem AND e.typrelid <> 0))`;

const HASH = `pg_catalog.count(*) || ':' || COALESCE(pg_catalog.bit_xor(
  pg_catalog.hashtextextended(x.xmin::text || x.ctid::text, 0)), 0)`;

const WHOLE = [
  'namespace',
  'class',
  'attribute',
  'attrdef',
  'inherits',
  'rewrite',
  'constraint',
  'trigger',
  'policy',
  'index',
  'proc',
  'language',
  'cast',
  'operator',
  'aggregate',
  'range',
  'extension',
] as const;

/** Of pg_depend, by what depends: nearly all DDL writes some of it. */
const DEPENDENT = ['rewrite', 'attrdef', 'class', 'policy', 'trigger', 'constraint', 'type', 'proc'] as const;

export type Part =
  | (typeof WHOLE)[number]
  /** Types of all other kinds. */
  | 'type'
  | 'row type'
  | `depend ${(typeof DEPENDENT)[number]}`;

/** [part, hash]; a part without rows may be left out. */
export const FINGERPRINT = [
  ...WHOLE.map((name) => `SELECT '${name}' AS part, ${HASH} AS hash FROM pg_catalog.pg_${name} x`),
  `SELECT CASE WHEN ${OF_ROWS} THEN 'row type' ELSE 'type' END, ${HASH} FROM pg_catalog.pg_type x GROUP BY 1`,
  `SELECT 'depend ' || pg_catalog.substr(c.relname, 4), ${HASH} FROM pg_catalog.pg_depend x
    JOIN pg_catalog.pg_class c ON c.oid = x.classid AND c.oid < ${FIRST_USER_OID}
      AND c.relname IN (${DEPENDENT.map((name) => `'pg_${name}'`).join(', ')}) GROUP BY 1`,
].join('\nUNION ALL ');

/** What each result is made from; a printed definition also from the names of all that it names. */
export const MADE_FROM: Readonly<Record<QueryName, readonly Part[]>> = {
  relations: ['class', 'namespace'],
  columns: ['attribute'],
  parents: ['inherits'],
  primaryKeys: ['constraint', 'class', 'attribute'],
  reads: ['rewrite', 'depend rewrite'],
  definitions: ['rewrite', 'class', 'attribute', 'namespace', 'proc', 'operator', 'type', 'row type'],
  generated: ['attrdef', 'attribute', 'depend attrdef', 'depend class'],
  userCode: [
    'rewrite',
    'policy',
    'trigger',
    'constraint',
    'attrdef',
    'attribute',
    'index',
    'proc',
    'operator',
    'namespace',
    'depend rewrite',
    'depend policy',
    'depend trigger',
    'depend constraint',
    'depend attrdef',
    'depend class',
  ],
  functions: ['proc', 'namespace'],
  cascades: ['constraint'],
  rowColumns: ['class', 'attribute', 'type', 'row type'],
  rowFunctions: ['proc', 'namespace', 'type', 'row type'],
  operators: ['operator', 'namespace', 'proc', 'language'],
  types: ['type', 'row type', 'namespace', 'cast'],
  userFunctions: [
    'proc',
    'namespace',
    'language',
    'type',
    'row type',
    'class',
    'attribute',
    'aggregate',
    'operator',
    'extension',
    'depend proc',
  ],
  operatorCode: ['operator', 'namespace', 'proc'],
  typeCode: [
    'type',
    'row type',
    'namespace',
    'cast',
    'range',
    'constraint',
    'proc',
    'operator',
    'depend constraint',
    'depend type',
  ],
};

/** Part → hash. */
export type Fingerprint = ReadonlyMap<string, string>;

/** Whether a query's result may differ between two moments. */
export function mayDiffer(query: QueryName, before: Fingerprint, now: Fingerprint): boolean {
  return MADE_FROM[query].some((part) => before.get(part) !== now.get(part));
}

export function isSame(before: Fingerprint, now: Fingerprint): boolean {
  return before.size === now.size && [...now].every(([part, hash]) => before.get(part) === hash);
}
