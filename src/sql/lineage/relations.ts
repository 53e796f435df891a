/**
 * What a relation's columns are: those of a table are themselves, those of a view are themselves and whatever
 * its definition takes them from.
 *
 * Invariant: a view whose definition cannot be followed makes every statement that reads it lost. Readings
 * are remembered for as long as the snapshot lives.
 * Views of the system are ends, like tables: their definitions read nearly every catalog and call functions
 * that read anything, and what they show is masked by their own columns' names.
 */
import { resolve, type CatalogRelation, type Snapshot } from '../../catalog/snapshot.ts';
import { parseText } from '../parser.ts';
import { readsSetting } from '../settings.ts';
import { Context, lose, NotFollowed, NOWHERE, type Item, type ViewReading } from './context.ts';
import type { ColumnId } from './lineage.ts';
import { MAX_VIEW_DEPTH } from './limits.ts';
import {
  columnsOf,
  derivedFrom,
  directOf,
  either,
  rowOf,
  shapeOf,
  type Field,
  type Shape,
} from './values.ts';

type Remembered = {
  readonly tables: Map<number, readonly Field[]>;
  readonly views: Map<number, ViewReading | NotFollowed>;
};

const remembered = new WeakMap<Snapshot, Remembered>();

function memoryOf(snapshot: Snapshot): Remembered {
  let memory = remembered.get(snapshot);
  if (memory === undefined) remembered.set(snapshot, (memory = { tables: new Map(), views: new Map() }));
  return memory;
}

/** Every relation that a name may stand for. An index or a type of that name is no relation to read. */
export function candidates(
  context: Context,
  schema: string | null,
  name: string,
): readonly CatalogRelation[] {
  const inSchema = schema ?? (context.definition ? 'pg_catalog' : null);
  const found = resolve(context.snapshot, { schema: inSchema, name }).filter(
    ({ kind }) => kind !== 'index' && kind !== 'composite',
  );
  if (found.length === 0) lose(`the catalog does not know ${schema === null ? '' : `${schema}.`}${name}`);
  return found;
}

/** A range table entry of whichever of these relations it is. */
export function itemOf(
  context: Context,
  relations: readonly CatalogRelation[],
  alias: string,
  hasAlias: boolean,
): Item {
  const shapes = relations.map((relation) => shapeOf(fieldsOf(context, relation)));
  const shape = unionOf(shapes);
  const columns: ColumnId[] = relations.map(({ oid }) => ({ relation: oid, attnum: 0 }));
  for (const [index, relation] of relations.entries()) {
    if (!isFollowedView(relation)) continue;
    const fields = shapes[index]?.fields ?? [];
    columns.push(
      ...columnsOf(fields.map(({ value }) => value)).filter((one) => one.relation !== relation.oid),
    );
  }
  return {
    alias,
    schemas: hasAlias ? null : relations.map((relation) => relation.schema),
    relations: relations.map(({ oid }) => oid),
    shape,
    whole: rowOf(columnsOf([derivedFrom(columns)]), shape),
  };
}

/** The columns of one of several relations, not known which: in order only where all agree on that. */
function unionOf(shapes: readonly Shape[]): Shape {
  const [first] = shapes;
  if (first === undefined) return shapeOf([]);
  if (shapes.length === 1) return first;
  const alike = shapes.every(
    ({ fields }) =>
      fields.length === first.fields.length &&
      fields.every((field, index) => field.name === first.fields[index]?.name),
  );
  const byName = new Map<string, Field[]>();
  for (const { fields } of shapes) {
    for (const field of fields) {
      const same = byName.get(field.name);
      if (same === undefined) byName.set(field.name, [field]);
      else same.push(field);
    }
  }
  const fields = [...byName].map(([name, same]): Field => {
    const value = either(same.map((field) => field.value));
    return same.length === shapes.length ? { name, value } : { name, value, maybe: true };
  });
  return { fields, star: alike ? fields : null, open: null };
}

function isFollowedView(relation: CatalogRelation): boolean {
  if (relation.kind !== 'view' && relation.kind !== 'materialized-view') return false;
  return relation.schema !== 'pg_catalog' && relation.schema !== 'information_schema';
}

/** What each column of a view comes from, its own column last. Null where its definition cannot be followed. */
export function columnsOfView(context: Context, view: CatalogRelation): readonly Field[] | null {
  try {
    return isFollowedView(view) ? fieldsOf(context, view) : null;
  } catch (error) {
    if (error instanceof NotFollowed || error instanceof RangeError) return null;
    throw error;
  }
}

function fieldsOf(context: Context, relation: CatalogRelation): readonly Field[] {
  const memory = memoryOf(context.snapshot);
  if (isFollowedView(relation)) {
    let reading = memory.views.get(relation.oid);
    if (reading === undefined) {
      reading = readView(context, relation);
      memory.views.set(relation.oid, reading);
    }
    if (reading instanceof NotFollowed) throw reading;
    context.influences.fixed(reading.influences);
    for (const one of reading.open) context.influences.add(one);
    return reading.fields;
  }
  let fields = memory.tables.get(relation.oid);
  if (fields === undefined) {
    fields = relation.columns.map(({ name, attnum }) => ({
      name,
      value: directOf([{ relation: relation.oid, attnum }]),
    }));
    memory.tables.set(relation.oid, fields);
  }
  return fields;
}

function readView(context: Context, view: CatalogRelation): ViewReading | NotFollowed {
  const called = `${view.schema}.${view.name}`;
  try {
    if (context.depth >= MAX_VIEW_DEPTH) lose('views are nested too deeply');
    const text = view.definition ?? lose(`the definition of ${called} is not known`);
    const parsed = parseText(text, Buffer.byteLength(text));
    if (parsed.kind === 'unreadable' || parsed.statements.length !== 1)
      return lose(`the definition of ${called} cannot be read`);
    const inner = new Context(context.snapshot, context.ways, context.depth + 1);
    const outputs = inner.query(parsed.statements[0]?.stmt, NOWHERE);
    if (outputs.length !== view.columns.length) lose(`the definition of ${called} is out of date`);
    const fields = view.columns.map(({ name, attnum }, index): Field => {
      const own = { relation: view.oid, attnum };
      const value = outputs[index]?.value;
      // a constant is exactly what the view's column is; a rule may name that column all the same
      if (value === undefined || value.kind === 'clean') return { name, value: directOf([own]) };
      const columns = [...value.columns, own];
      return { name, value: { kind: value.kind, columns, shape: value.shape } };
    });
    // what reads a setting is decided by whoever sets it
    const varies = readsSetting(text);
    return {
      fields,
      influences: varies ? [] : inner.influences.list(),
      open: varies ? inner.influences.list() : [],
    };
  } catch (error) {
    if (error instanceof NotFollowed) return error;
    throw error;
  }
}
