/**
 * Reads a database's catalog into a Snapshot, over a connection of Postern's own.
 *
 * Invariant: one reading is one moment (a read-only, repeatable-read transaction), and the same content gives
 * back the same Snapshot, version and all, so that caches keyed by version survive polling.
 * Non-goals: keeping it fresh (catalog.ts), looking things up (snapshot.ts).
 */
import type pg from 'pg';
import { functionsOf, operatorsOf, relationCodeOf, typeCodeOf } from './functions.ts';
import { FINGERPRINT, isSame, mayDiffer, type Fingerprint } from './fingerprint.ts';
import { NAMED, QUERIES } from './queries.ts';
import type { QueryName } from './queries.ts';
import type { CatalogColumn, CatalogRelation, RelationKind, Snapshot } from './snapshot.ts';
import { NO_CODE, withUserCode } from './user-code.ts';

type Row = readonly unknown[];
type Rows = Readonly<Record<QueryName, readonly Row[]>>;

/** What a loaded snapshot was made from: only what may differ is read again. */
type Made = { readonly fingerprint: Fingerprint; readonly rows: Rows };
const made = new WeakMap<Snapshot, Made>();

/**
 * `client` must be connected to `database` and idle. Returns `previous` itself where nothing is different.
 * Throws what `pg` throws; the transaction is ended either way.
 */
export async function loadSnapshot(
  client: pg.Client,
  database: string,
  previous: Snapshot | null,
): Promise<Snapshot> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    // whatever the connection's own is: a view's definition leaves out the schemas that are in it
    await client.query("SET LOCAL search_path = ''");
    // A server built with LLVM compiles such plans for seconds, to run them for a tenth of one.
    await client.query('SET LOCAL jit = off');
    const fingerprint = await fingerprintOf(client);
    const before = previous === null ? undefined : made.get(previous);
    if (previous !== null && before !== undefined && isSame(before.fingerprint, fingerprint)) return previous;
    const rows = await readRows(client, before, fingerprint);
    if (
      previous !== null &&
      before !== undefined &&
      NAMES.every((name) => rows[name] === before.rows[name])
    ) {
      made.set(previous, { fingerprint, rows });
      return previous;
    }
    const snapshot = buildSnapshot(rows, database, (previous?.version ?? 0) + 1);
    made.set(snapshot, { fingerprint, rows });
    return snapshot;
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

const NAMES = Object.keys(QUERIES) as readonly QueryName[];

async function fingerprintOf(client: pg.Client): Promise<Fingerprint> {
  const { rows } = await client.query<[string, string]>({ text: FINGERPRINT, rowMode: 'array' });
  if (rows.length === 0) throw new Error('the catalog has no parts');
  return new Map(rows);
}

/** Results that turn out to be the same are those of before, so that they can be told by identity. */
async function readRows(client: pg.Client, before: Made | undefined, now: Fingerprint): Promise<Rows> {
  const rows = {} as Record<QueryName, readonly Row[]>;
  for (const name of NAMES) {
    const known = before?.rows[name];
    if (before !== undefined && known !== undefined && !mayDiffer(name, before.fingerprint, now)) {
      rows[name] = known;
      continue;
    }
    const found = (await client.query<unknown[]>({ text: QUERIES[name], rowMode: 'array' })).rows;
    rows[name] = known === undefined ? found : keptWhereSame(known, found);
  }
  return rows;
}

/** Rows that are the same as before are those of before. Both are in the order that every query has. */
function keptWhereSame(before: readonly Row[], now: readonly Row[]): readonly Row[] {
  let at = 0;
  const kept = now.map((row) => {
    while (at < before.length && isBefore(before[at], row)) at += 1;
    const known = before[at];
    if (known === undefined || !sameRow(known, row)) return row;
    at += 1;
    return known;
  });
  return before.length === now.length && kept.every((row, i) => row === before[i]) ? before : kept;
}

/** Of rows that begin with an OID, those that are gone are passed over; of others the rest counts as new. */
function isBefore(known: Row | undefined, row: Row): boolean {
  const [a] = known ?? [];
  const [b] = row;
  return typeof a === 'number' && typeof b === 'number' && a < b;
}

function sameRow(a: Row, b: Row): boolean {
  return a.every((value, at) => sameValue(value, b[at]));
}

/** Arrays and objects came as JSON. */
function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b);
}

function buildSnapshot(rows: Rows, database: string, version: number): Snapshot {
  const { relations, byName } = buildRelations(rows);
  const names = (found: readonly Row[]): Set<string> => new Set(found.map(([name]) => name as string));
  return {
    database,
    version,
    relations,
    byName,
    userFunctions: names(rows.functions.filter(([, userMade]) => userMade === true)),
    builtinFunctions: names(rows.functions.filter(([, userMade]) => userMade === false)),
    userOperators: names(rows.operators),
    rowFunctions: names(rows.rowFunctions),
    userTypes: names(rows.types),
    code: {
      functions: functionsOf(rows.userFunctions),
      operators: operatorsOf(rows.operatorCode),
      types: typeCodeOf(rows.typeCode),
      relations: relationCodeOf(rows.userCode),
    },
  };
}

function buildRelations(rows: Rows): {
  relations: ReadonlyMap<number, CatalogRelation>;
  byName: Map<string, number[]>;
} {
  const columns = columnsByRelation(rows);
  const parents = groupOids(rows.parents);
  const reads = groupOids(rows.reads);
  const cascades = groupOids(rows.cascades);
  const primaryKeys = groupOids(rows.primaryKeys);
  const definitions = new Map(rows.definitions as readonly [number, string | null][]);
  // a TOAST relation holds its table's long values, compressed or not
  for (const [oid, , , , toast] of rows.relations)
    if (toast !== 0) push(reads, toast as number, oid as number);
  const relations = new Map<number, CatalogRelation>();
  const byName = new Map<string, number[]>();
  for (const [oid, schema, name, relkind] of rows.relations as readonly [number, string, string, string][]) {
    const kind = kindOf(relkind);
    if (kind === null) continue;
    relations.set(oid, {
      oid,
      schema,
      name,
      kind,
      columns: columns.get(oid) ?? [],
      parents: parents.get(oid) ?? [],
      reads: reads.get(oid) ?? [],
      definition: definitions.get(oid) ?? null,
      userCode: NO_CODE,
      cascades: cascades.get(oid) ?? [],
      primaryKey: primaryKeys.get(oid) ?? [],
    });
    push(byName, name, oid);
  }
  return { relations: withUserCode(relations, relationCodeOf(rows.userCode)), byName };
}

/** Null for kinds of relation we don't know: to everybody else such a relation does not exist. */
function kindOf(relkind: string): RelationKind | null {
  switch (relkind) {
    case 'r':
      return 'table';
    case 'p':
      return 'partitioned-table';
    case 'v':
      return 'view';
    case 'm':
      return 'materialized-view';
    case 'f':
      return 'foreign-table';
    case 'S':
      return 'sequence';
    case 'i':
    case 'I':
      return 'index';
    case 't':
      return 'toast';
    case 'c':
      return 'composite';
    default:
      return null;
  }
}

function columnsByRelation(rows: Rows): Map<number, CatalogColumn[]> {
  const sources = new Map<string, number[]>();
  for (const [relation, attnum, from] of rows.generated as readonly [number, number, number][]) {
    push(sources, `${relation}.${attnum}`, from);
  }
  const holding = new Map<string, number[]>();
  for (const [relation, attnum, held] of rows.rowColumns as readonly [number, number, number][]) {
    push(holding, `${relation}.${attnum}`, held);
  }
  const columns = new Map<number, CatalogColumn[]>();
  for (const row of rows.columns as readonly [number, number, string, number, boolean][]) {
    const [relation, attnum, name, typeOid, generated] = row;
    const generatedFrom = generated ? (sources.get(`${relation}.${attnum}`) ?? []) : null;
    const rowsOf = holding.get(`${relation}.${attnum}`);
    push(columns, relation, {
      attnum,
      name,
      typeOid,
      generatedFrom,
      ...(rowsOf === undefined ? {} : { rowsOf }),
    });
  }
  return columns;
}

function groupOids(pairs: readonly Row[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const [key, value] of pairs as readonly [number, number][]) push(groups, key, value);
  return groups;
}

function push<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

/** Whether relations have their names still, no code that they did not have, and none has come by their names or these. */
export async function areAsRead(
  client: pg.Client,
  { relations, byName }: Snapshot,
  { oids, names: written }: { readonly oids: readonly number[]; readonly names: readonly string[] },
): Promise<boolean> {
  const names = [...new Set([...written, ...oids.map((oid) => relations.get(oid)?.name ?? '')])];
  const { rows } = await client.query<[number, string, string, boolean]>({
    text: NAMED,
    values: [oids, names],
    rowMode: 'array',
  });
  const known = new Set([...oids, ...names.flatMap((name) => byName.get(name) ?? [])]);
  return (
    rows.length === known.size &&
    rows.every(([oid, schema, name, code]) => {
      const relation = relations.get(oid);
      const { onRead, onWrite } = relation?.userCode ?? NO_CODE;
      return relation?.schema === schema && relation.name === name && (!code || onRead || onWrite);
    })
  );
}
