/**
 * Whether a verdict or a mask can depend on what people make in the database. Where no mask rule applies to an
 * agent and no rule asks for relations, all that is left to guard are the built-in masks: columns of PostgreSQL's
 * own relations, and of views over them.
 *
 * Non-goal: code. Where no mask rule is in force, what functions give is not masked, so a view that code makes
 * gives away nothing that the code could not.
 */
import { resolve, type Snapshot } from '../catalog/snapshot.ts';
import type { Statement } from '../sql/statement.ts';
import { isBendable } from './bendable.ts';
import type { StatementJudgement } from './judgement.ts';
import type { MaskSet } from './mask-set.ts';
import type { RuleSet } from './rules.ts';

/** Whether more than the built-in masks needs to know what names stand for. */
export function dependsOnCatalog(rules: RuleSet, masks: MaskSet): boolean {
  return masks.any || asksForRelations(rules);
}

const asking = new WeakMap<RuleSet, boolean>();

function asksForRelations(rules: RuleSet): boolean {
  let asks = asking.get(rules);
  if (asks === undefined) {
    asks = rules.rules.some(({ when, then }) => then !== 'allow' && when.relation !== undefined);
    asking.set(rules, asks);
  }
  return asks;
}

/**
 * Whether DDL may make or move a view over columns that built-in masks cover. Names are compared without their
 * schemas, for a schema may have been renamed; a relation with masked columns cannot be without this seeing it.
 */
export function mayShowBuiltIns(
  statement: Statement,
  judged: StatementJudgement | undefined,
  snapshot: Snapshot,
  masks: MaskSet,
): boolean {
  if (!statement.actions.some(({ action }) => action === 'ddl' || action === 'unknown')) return false;
  // What an extension brings may be such a view.
  if (statement.command.endsWith(' extension')) return true;
  if (judged === undefined || judged.scope !== 'clean') return true;
  if (judged.relationOids.some((oid) => masks.columns.has(oid))) return true;
  const names = maskedNames(masks, snapshot);
  return statement.relations.some(({ name }) => names.has(name));
}

/** DDL that brings nothing but what it names, if that: the rest reads and writes as before. */
const ADDS_ONLY: ReadonlySet<string> = new Set([
  'analyze',
  'comment',
  'create index',
  'create statistics',
  'create table',
  'create table as',
  'select into',
]);
const COPIES: ReadonlySet<string> = new Set(['create table as', 'select into']);
/** What a copy into a new table does when no rows are changed on the way. */
const COPYING: ReadonlySet<string> = new Set(['ddl', 'export', 'read']);

/**
 * Whether all that was known means the same after this DDL, and what it makes is known by no name yet, so that
 * whoever names it is told apart. Anything that runs code of people's own, or another relation's definition, is not.
 */
export function addsUnknownOnly(
  statement: Statement,
  judged: StatementJudgement | undefined,
  snapshot: Snapshot,
): boolean {
  if (judged === undefined || judged.scope === 'opaque' || judged.callsVolatile) return false;
  if (!ADDS_ONLY.has(statement.command) || isBendable(statement, snapshot)) return false;
  const { relations } = statement;
  if (COPIES.has(statement.command)) return copiesIntoUnknown(statement, snapshot);
  if (statement.command === 'create table')
    return relations.length === 1 && relations.every((ref) => !snapshot.byName.has(ref.name));
  return relations.every((ref) =>
    resolve(snapshot, ref).every(({ userCode }) => userCode?.onRead === false && !userCode.onWrite),
  );
}

/** A name nobody knew, filled from relations that are all known; what a prepared statement reads is not seen here. */
function copiesIntoUnknown({ relations, effect, actions }: Statement, snapshot: Snapshot): boolean {
  const made = relations.filter(({ access }) => access === 'write');
  return (
    effect.kind === 'none' &&
    actions.every(({ action }) => COPYING.has(action)) &&
    made.length === 1 &&
    made.every((ref) => !snapshot.byName.has(ref.name)) &&
    relations.every((ref) => ref.access === 'write' || resolve(snapshot, ref).length > 0)
  );
}

const named = new WeakMap<MaskSet, ReadonlySet<string>>();

function maskedNames(masks: MaskSet, snapshot: Snapshot): ReadonlySet<string> {
  let names = named.get(masks);
  if (names === undefined) {
    names = new Set([...masks.columns.keys()].flatMap((oid) => snapshot.relations.get(oid)?.name ?? []));
    named.set(masks, names);
  }
  return names;
}
