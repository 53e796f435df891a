/**
 * A catalog to follow statements in, and a short way to write lineages down: outputs separated by blanks,
 * `-` clean, `anything` what code nobody vouched for gives, `c.ssn` direct, `~c.ssn+c.name` derived, `c.*` a whole row, `c.ssn<v.ssn` read through a view.
 */
import { loadParser } from '../../src/sql/parser.ts';
import { lineageOfText } from '../../src/sql/lineage/follow.ts';
import type { ColumnId, Lineage, OutputLineage } from '../../src/sql/lineage/lineage.ts';
import type { CatalogRelation, RelationKind, Snapshot } from '../../src/catalog/snapshot.ts';

await loadParser();

type Spec = {
  readonly kind?: RelationKind;
  readonly columns: string;
  readonly definition?: string;
  readonly generated?: Readonly<Record<string, readonly number[]>>;
  readonly onWrite?: boolean;
  readonly types?: Readonly<Record<string, number>>;
};

const SPECS: Readonly<Record<string, Spec>> = {
  'public.c': { columns: 'id name ssn email tags', types: { id: 23, tags: 1009 } },
  'public.o': { columns: 'id cid total note', types: { id: 23, cid: 23 } },
  'public.g': { columns: 'id full_name initials', generated: { initials: [2] } },
  'public.pairs': { columns: 'id pair', types: { pair: 16_500 } },
  'a.twin': { columns: 'id x' },
  'b.twin': { columns: 'id x' },
  'a.odd': { columns: 'id x' },
  'b.odd': { columns: 'id y x' },
  'public.triggered': { columns: 'id x', onWrite: true },
  'public.v': {
    kind: 'view',
    columns: 'id ssn init n',
    definition: 'SELECT id, ssn, "left"(name, 1) AS init, 1 AS n FROM public.c WHERE email = \'x\'::text',
  },
  'public.vv': {
    kind: 'view',
    columns: 'id social',
    definition: 'SELECT v.id, v.ssn AS social FROM public.v',
  },
  'public.mv': { kind: 'materialized-view', columns: 'ssn', definition: 'SELECT c.ssn FROM public.c' },
  'public.whole': { kind: 'view', columns: 'r', definition: 'SELECT row_to_json(c.*) AS r FROM public.c' },
  'public.blind': { kind: 'view', columns: 'id' },
  'public.calls': { kind: 'view', columns: 's', definition: 'SELECT app.get_ssn(1) AS s' },
  'public.old_view': { kind: 'view', columns: 'id gone', definition: 'SELECT c.id FROM public.c' },
  'public.catalogs': {
    kind: 'view',
    columns: 'relname',
    definition: 'SELECT pg_class.relname FROM pg_class',
  },
  'pg_catalog.pg_class': { columns: 'oid relname' },
  'pg_catalog.pg_attribute': { columns: 'atttypid attmissingval atttypmod' },
  'pg_catalog.pg_type': { columns: 'typtype typbasetype' },
  'public.pg_class': { columns: 'oid relname secret' },
  'pg_catalog.pg_stats': { kind: 'view', columns: 'attname most_common_vals' },
  'public.idx': { kind: 'index', columns: 'id' },
};

const BUILTIN = `abs split_part strpos lpad random string_to_array lower upper left reverse count sum max min avg array_agg string_agg row_to_json to_jsonb concat
  row_number rank lag percentile_cont generate_series unnest jsonb_each json_array_elements jsonb_array_elements
  string_to_array query_to_xml ts_rewrite pg_read_file lo_get substring timezone now overlay coalesce md5 format
  _pg_truetypid pg_stat_get_activity json_populate_record jsonb_to_record is_normalized xpath current_setting name bool_or length`;

export const SNAPSHOT: Snapshot = snapshotOf();

function snapshotOf(): Snapshot {
  const relations = new Map<number, CatalogRelation>();
  const byName = new Map<string, number[]>();
  for (const [index, [full, spec]] of Object.entries(SPECS).entries()) {
    const oid = 100 + index;
    const [schema = '', name = ''] = full.split('.');
    relations.set(oid, {
      oid,
      schema,
      name,
      kind: spec.kind ?? 'table',
      columns: spec.columns.split(' ').map((own, at) => ({
        attnum: at + 1,
        name: own,
        typeOid: spec.types?.[own] ?? 25,
        generatedFrom: spec.generated?.[own] ?? null,
      })),
      parents: [],
      reads: [],
      definition: spec.definition ?? null,
      userCode: { onRead: false, onWrite: spec.onWrite === true },
    });
    byName.set(name, [...(byName.get(name) ?? []), oid]);
  }
  return {
    database: 'shop',
    version: 1,
    relations,
    byName,
    userFunctions: new Set(['get_ssn', 'reverse', 'total_of']),
    builtinFunctions: new Set(BUILTIN.split(/\s+/)),
    userOperators: new Set(['===']),
    userTypes: new Set(['positive']),
  };
}

function column({ relation, attnum }: ColumnId): string {
  if (relation === 0) return 'anything';
  const found = SNAPSHOT.relations.get(relation);
  const schema = found?.schema === 'public' ? '' : `${found?.schema}.`;
  const name = attnum === 0 ? '*' : found?.columns.find((one) => one.attnum === attnum)?.name;
  return `${schema}${found?.name}.${name ?? `#${attnum}`}`;
}

function columns(list: readonly ColumnId[]): string {
  return list.map(column).sort().join('+');
}

export function written(from: OutputLineage): string {
  switch (from.kind) {
    case 'clean':
      return '-';
    case 'direct':
      return [from.column, ...(from.through ?? [])].map(column).join('<');
    case 'derived':
      return `~${columns(from.columns)}`;
  }
}

export function follow(sql: string): Lineage {
  const all = lineageOfText(sql, SNAPSHOT);
  if (all.length !== 1) throw new Error(`${all.length} statements: ${sql}`);
  return all[0] as Lineage;
}

export function outputsOf(sql: string): string {
  const lineage = follow(sql);
  return lineage.kind === 'lost' ? 'lost' : lineage.outputs.map(({ from }) => written(from)).join(' ');
}

export function namesOf(sql: string): string {
  const lineage = follow(sql);
  return lineage.kind === 'lost' ? 'lost' : lineage.outputs.map(({ name }) => name).join(' ');
}

/** `equality:c.ssn range:c.name`, sorted. */
export function influencesOf(sql: string): string {
  const lineage = follow(sql);
  if (lineage.kind === 'lost') return 'lost';
  return lineage.influences
    .map((one) => `${one.kind}:${column(one.column)}`)
    .sort()
    .join(' ');
}

/** `o.note=c.ssn+c.name`, `?=c.ssn` for a relation that is yet to be, in the order they are stored. */
export function storesOf(sql: string): string {
  const lineage = follow(sql);
  if (lineage.kind === 'lost') return 'lost';
  return lineage.stores
    .map(({ target, from }) => `${target === null ? '?' : column(target)}=${columns(from)}`)
    .join(' ');
}
