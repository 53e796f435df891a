/**
 * The lineage of a statement: the door of this folder.
 *
 * Invariant: what is computed here contains what PostgreSQL would do, or the statement is `lost`. That is the
 * answer for a node without a rule, a name that is not known, a function that may read anything, a tree that
 * is too large, and for a fault in this code. Relations are resolved without search_path.
 * Non-goals: what a statement may do (`analyze`), what is masked (`policy`).
 */
import type { CatalogRelation, Snapshot } from '../../catalog/snapshot.ts';
import { parseText } from '../parser.ts';
import { as, namesOf, tagOf, type BodyOf, type Node, type Tag } from '../tree.ts';
import { conditionOf } from './conditions.ts';
import { Context, lose, NotFollowed, NOWHERE, type Scope, type Ways } from './context.ts';
import { valueOf } from './expressions.ts';
import type { Lineage, OutputLineage } from './lineage.ts';
import { merge } from './merge.ts';
import { counted } from './names.ts';
import { candidates, columnsOfView, itemOf } from './relations.ts';
import { select } from './select.ts';
import { outcomeOf } from './statement-outcomes.ts';
import { CLEAN, columnsOf, computed, derivedFrom, lineageOfValue, type Field } from './values.ts';
import { columnNamed, insert, remove, store, targetItem, update } from './writes.ts';

const WAYS: Ways = { value: valueOf, condition: conditionOf, query: queryOf };

/** `statement` is the node inside a `RawStmt`. Never throws. */
export function lineageOf(statement: Node | undefined, snapshot: Snapshot): Lineage {
  const context = new Context(snapshot, WAYS);
  try {
    const outputs = statementOf(context, statement);
    return {
      kind: 'followed',
      outputs: outputs.map(({ name, value }) => ({ name, from: lineageOfValue(value) })),
      influences: context.influences.list(),
      stores: context.stores,
      sunk: context.sunk,
    };
  } catch (error) {
    if (error instanceof NotFollowed) return { kind: 'lost', reason: error.message };
    if (error instanceof RangeError) return { kind: 'lost', reason: 'the statement is nested too deeply' };
    return { kind: 'lost', reason: 'Postern failed to follow the statement' };
  }
}

/** For each column of a view, in order, what it is computed from. Null where that cannot be told. */
export function lineageOfView(view: CatalogRelation, snapshot: Snapshot): readonly OutputLineage[] | null {
  const fields = columnsOfView(new Context(snapshot, WAYS), view);
  return fields === null ? null : fields.map(({ value }) => lineageOfValue(value));
}

/** One lineage for each statement of a text; a text that cannot be read is one lost statement. */
export function lineageOfText(text: string, snapshot: Snapshot): readonly Lineage[] {
  const parsed = parseText(text, Buffer.byteLength(text));
  if (parsed.kind === 'unreadable') return [{ kind: 'lost', reason: parsed.reason }];
  return parsed.statements.map(({ stmt }) => lineageOf(stmt, snapshot));
}

/** What a query returns, wherever it stands. */
function queryOf(context: Context, node: Node | undefined, outer: Scope): readonly Field[] {
  const tag = tagOf(node);
  switch (tag) {
    case 'SelectStmt':
      return select(context, as(tag, node) ?? {}, outer);
    case 'InsertStmt':
      return insert(context, as(tag, node) ?? {}, outer);
    case 'UpdateStmt':
      return update(context, as(tag, node) ?? {}, outer);
    case 'DeleteStmt':
      return remove(context, as(tag, node) ?? {}, outer);
    case 'MergeStmt':
      return merge(context, as(tag, node) ?? {}, outer);
    default:
      return lose(`${tag} stands where a query is wanted`);
  }
}

function statementOf(context: Context, node: Node | undefined): readonly Field[] {
  const tag = tagOf(node) as Tag | null;
  if (tag === null) return lose('it is empty');
  const outcome = outcomeOf(tag, node);
  switch (outcome.kind) {
    case 'query':
      return topQuery(context, node);
    case 'contains':
      return statementOf(context, (Object.values(node ?? {})[0] as { readonly query?: Node }).query);
    case 'explain':
      return explain(context, as('ExplainStmt', node) ?? {});
    case 'create-as':
      return createAs(context, as('CreateTableAsStmt', node)?.query);
    case 'copy':
      return copy(context, as('CopyStmt', node) ?? {});
    case 'silent':
      return outcome.outputs.map((name) => ({ name, value: CLEAN }));
    case 'lost':
      return lose(outcome.reason);
  }
}

function topQuery(context: Context, node: Node | undefined): readonly Field[] {
  const outputs = context.query(node, NOWHERE);
  return storesInto(node) ? storeNew(context, outputs) : outputs;
}

/** SELECT INTO; in a set operation the first arm has the INTO. */
function storesInto(node: Node | undefined): boolean {
  let body = as('SelectStmt', node);
  while (body?.larg !== undefined) body = body.larg;
  return body?.intoClause !== undefined;
}

function createAs(context: Context, query: Node | undefined): readonly Field[] {
  return storeNew(context, statementOf(context, query));
}

/** Into a relation that does not exist yet. */
function storeNew(context: Context, outputs: readonly Field[]): readonly Field[] {
  for (const { value } of outputs) store(context, undefined, value);
  return [];
}

/** A plan shows estimates and conditions: all that the statement uses may be in it. */
function explain(context: Context, body: BodyOf<'ExplainStmt'>): readonly Field[] {
  const outputs = statementOf(context, body.query);
  const stored = context.stores.flatMap(({ target, from }) => (target === null ? from : [target, ...from]));
  const used = [...context.influences.columns, ...stored];
  const value = computed([
    ...outputs.map((output) => output.value),
    derivedFrom(columnsOf([derivedFrom(used)])),
  ]);
  return [{ name: 'QUERY PLAN', value }];
}

function copy(context: Context, body: BodyOf<'CopyStmt'>): readonly Field[] {
  if (body.query !== undefined) return topQuery(context, body.query);
  const names = body.attlist === undefined ? null : namesOf(body.attlist);
  if (body.is_from === true) {
    const target = targetItem(context, body.relation);
    const columns = names === null ? target.shape.fields : names.map((name) => columnNamed(target, name));
    for (const column of columns) store(context, column, CLEAN);
    return [];
  }
  const name = body.relation?.relname ?? '';
  const found = candidates(context, body.relation?.schemaname ?? null, name);
  const item = itemOf(context, found, name, false);
  if (names !== null) return names.map((column) => columnNamed(item, column));
  // COPY leaves generated columns out
  const generated = new Set(
    found.flatMap((relation) =>
      relation.columns.filter((column) => column.generatedFrom !== null).map((column) => column.name),
    ),
  );
  if (generated.size > 0 && found.length > 1) return lose('the columns that COPY sends cannot be counted');
  return counted(item.shape).filter((field) => !generated.has(field.name));
}
