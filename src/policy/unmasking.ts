/**
 * DDL that leaves masked values where no mask covers them, although it moves none: it takes from a column the name,
 * the parent or the definition by which it is masked. The values stay in the table, to be read in the clear.
 *
 * Invariant: what a rule masks by name stays under that name, its parents and its definition, unless somebody allowed
 * laundering. Non-goals: what a statement stores itself (`findings.ts`); what DDL makes of views, which hold nothing
 * and are followed as they are.
 */
import { resolve, type CatalogRelation } from '../catalog/snapshot.ts';
import type { Statement } from '../sql/statement.ts';
import { as, type BodyOf, type Node } from '../sql/tree.ts';
import { readsOf } from './family.ts';
import type { Held } from './findings.ts';
import type { MaskScope } from './judgement.ts';

/** Phrases that complete "The statement …". */
export function unmaskingIn(
  tree: Node | undefined,
  statement: Statement,
  scope: MaskScope,
  held: Held,
): readonly string[] {
  if (!held.masks.present) return [];
  const reasons = [...writesToCatalog(statement, held)];
  if (statement.command === 'do')
    reasons.push('runs code nobody has read, which may carry masked values anywhere');
  const rename = as('RenameStmt', tree);
  if (rename !== undefined) reasons.push(...ofRename(rename, held));
  const moved = as('AlterObjectSchemaStmt', tree)?.relation;
  if (moved !== undefined)
    reasons.push(...maskedOf(moved, held).map((name) => `moves ${name}, which a mask is on`));
  const alter = as('AlterTableStmt', tree);
  if (alter !== undefined) reasons.push(...ofAlter(alter, scope, held));
  const view = as('ViewStmt', tree);
  if (view?.replace === true) reasons.push(...storedBehind(view.view, held));
  if (as('CreateFunctionStmt', tree)?.replace === true) reasons.push(...storedBehind(undefined, held));
  return [...new Set(reasons)].toSorted();
}

/** Objects of a relation that have a name of their own, by which nothing is masked. */
const PARTS: ReadonlySet<string> = new Set([
  'OBJECT_TABCONSTRAINT',
  'OBJECT_TRIGGER',
  'OBJECT_RULE',
  'OBJECT_POLICY',
]);

function ofRename(body: BodyOf<'RenameStmt'>, held: Held): readonly string[] {
  const { renameType = '', relation, subname, newname } = body;
  if (renameType === 'OBJECT_SCHEMA')
    return [...held.masks.columns.keys()].flatMap((oid) => {
      const found = held.snapshot.relations.get(oid);
      return found !== undefined && found.schema === subname
        ? [`renames the schema of ${nameOf(found)}, which a mask is on`]
        : [];
    });
  if (relation === undefined || PARTS.has(renameType)) return [];
  const column = renameType === 'OBJECT_COLUMN' || renameType === 'OBJECT_ATTRIBUTE' ? subname : undefined;
  return maskedOf(relation, held, column).map((name) => `renames ${name}, which a mask is on, to ${newname}`);
}

/** What a table no longer inherits, and what is computed from something else than before. */
const PARTING: ReadonlySet<string> = new Set([
  'AT_DetachPartition',
  'AT_DetachPartitionFinalize',
  'AT_DropInherit',
  'AT_DropExpression',
]);
/** Subcommands that compute a value for every row. */
const COMPUTING: ReadonlySet<string> = new Set(['AT_AddColumn', 'AT_AlterColumnType', 'AT_SetExpression']);

function ofAlter(body: BodyOf<'AlterTableStmt'>, scope: MaskScope, held: Held): readonly string[] {
  return (body.cmds ?? []).flatMap((item) => {
    const command = as('AlterTableCmd', item);
    const subtype = command?.subtype ?? '';
    if (COMPUTING.has(subtype) && scope === 'opaque')
      return ['stores what functions nobody vouched for give, which may be masked values'];
    if (!PARTING.has(subtype)) return [];
    const partition = as('PartitionCmd', command?.def)?.name ?? as('RangeVar', command?.def);
    const named = partition === undefined ? [] : maskedOf(partition, held);
    return [...maskedOf(body.relation, held), ...named].map(
      (name) => `parts ${name} from that by which a mask is on it`,
    );
  });
}

/** A materialised view keeps what it has read when a view or function behind it has become another. */
function storedBehind(view: BodyOf<'RangeVar'> | undefined, held: Held): readonly string[] {
  const { snapshot, masks } = held;
  const replaced = view === undefined ? null : new Set(relationsOf(view, held).map(({ oid }) => oid));
  return [...masks.columns.keys()].flatMap((oid) => {
    const found = snapshot.relations.get(oid);
    if (found?.kind !== 'materialized-view') return [];
    const behind =
      replaced === null
        ? found.userCode?.onRead === true
        : [...readsOf(snapshot, oid)].some((one) => replaced.has(one));
    return behind ? [`replaces a definition behind ${nameOf(found)}, which holds masked values`] : [];
  });
}

const CHANGING: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'merge',
  'copy from',
  'truncate',
]);

/** Whoever writes there renames, redefines and grants without a word of DDL. */
function writesToCatalog(statement: Statement, { snapshot }: Held): readonly string[] {
  if (!statement.actions.some(({ action, command }) => action === 'write' && CHANGING.has(command)))
    return [];
  return statement.relations
    .filter(({ access }) => access === 'write')
    .flatMap((ref) => resolve(snapshot, ref))
    .filter(({ schema, kind }) => schema === 'pg_catalog' && kind === 'table')
    .map((found) => `writes to ${nameOf(found)}, by which names and definitions are what they are`);
}

/** The names of those of a relation's columns that are masked, or of the one. */
function maskedOf(relation: BodyOf<'RangeVar'> | undefined, held: Held, column?: string): readonly string[] {
  return relationsOf(relation, held).flatMap((found) => {
    const masked = held.masks.columns.get(found.oid);
    return found.columns
      .filter(({ attnum, name }) => masked?.has(attnum) === true && (column ?? name) === name)
      .map(({ name }) => `${nameOf(found)}.${name}`);
  });
}

function relationsOf(
  relation: BodyOf<'RangeVar'> | undefined,
  { snapshot }: Held,
): readonly CatalogRelation[] {
  if (relation === undefined) return [];
  return resolve(snapshot, { schema: relation.schemaname ?? null, name: relation.relname ?? '' });
}

function nameOf({ schema, name }: CatalogRelation): string {
  return `${schema}.${name}`;
}
