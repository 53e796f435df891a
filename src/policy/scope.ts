/**
 * How far the results of one statement have to be masked: what it touches, and whether code may run whose
 * doings nobody can see.
 *
 * Invariant: `clean` is said only where every relation is known and unmasked and every function, operator
 * and type is PostgreSQL's own or vouched for. Whatever is not known counts as the worst.
 */
import { resolve } from '../catalog/snapshot.ts';
import type { CatalogRelation, Snapshot } from '../catalog/snapshot.ts';
import type { NameRef, Statement } from '../sql/statement.ts';
import { changedWith, readsOf } from './family.ts';
import type { MaskScope, StatementJudgement } from './judgement.ts';
import type { MaskSet } from './mask-set.ts';
import { isSystemSchema } from './patterns.ts';
import { readsUnseen } from './reading-functions.ts';
import { readsSetting } from '../sql/settings.ts';
import { trustedByName, trustingView } from './trusting-view.ts';
import { mayBeVolatile } from './volatile-functions.ts';

type Mentions = Statement['mentions'];

export type Reach = {
  readonly judgement: Omit<StatementJudgement, 'outputs' | 'guarded' | 'rowLimits'>;
  /** Names of masked columns of the relations it names, lower case. */
  readonly maskedNames: ReadonlySet<string>;
  /** Why the scope is `opaque`, for people; empty otherwise. */
  readonly unseen: readonly string[];
  /** Whether it calls a function or operator that may return anything of a masked row. */
  readonly callsUnseen: boolean;
  /** Volatile functions of people's own among them, as written. */
  readonly volatile: readonly string[];
};

/** What a statement is about to create cannot be known yet, and holds nothing to read. */
const CREATING = /^(create|select into)\b/;

export function reachOfStatement(statement: Statement, catalog: Snapshot, masks: MaskSet): Reach {
  const snapshot = trustingView(catalog, masks);
  const named = new Map<number, CatalogRelation>();
  const changed = new Map<number, CatalogRelation>();
  const onlyAdds = addsOnly(statement);
  const [unknown, unknownRead] = [new Set<string>(), new Set<string>()];
  // what is in the string of a DO block is never read here
  const unseen = statement.command === 'do' ? ['a DO block may read anything'] : [];
  for (const ref of statement.relations) {
    const relations = resolve(snapshot, ref);
    if (relations.length === 0) {
      unknown.add(written(ref));
      if (ref.access === 'read' || !CREATING.test(statement.command)) unknownRead.add(written(ref));
    }
    for (const relation of relations) {
      named.set(relation.oid, relation);
      if (ref.access === 'write' && !onlyAdds) addChanged(relation.oid, snapshot, changed);
      if (
        relation.userCode?.onRead === true ||
        (ref.access === 'write' && relation.userCode?.onWrite === true)
      ) {
        unseen.push(`${relation.schema}.${relation.name} runs functions nobody vouched for`);
      }
    }
  }
  const functions = statement.functions.filter((ref) => isUnseenFunction(ref, snapshot));
  // `c.total` calls total(c) where c has no such column
  const onRows = [...statement.mentions.columns].filter((name) => snapshot.rowFunctions?.has(name) === true);
  for (const name of onRows)
    if (trustedByName(snapshot, { schema: null, name }) === undefined) functions.push({ schema: null, name });
  unseen.push(...functions.map((ref) => `the function ${written(ref)} may read anything`));
  const operators = statement.operators.filter((ref) => isUserName(ref, snapshot.userOperators, true));
  unseen.push(...operators.map((ref) => `the operator ${written(ref)} may run a user's function`));
  unseen.push(
    ...statement.types
      .filter((ref) => isUserName(ref, snapshot.userTypes, false))
      .map((ref) => `the type ${written(ref)} may run a user's function`),
  );

  const mentions = onRows.length > 0 ? WHOLE : statement.mentions;
  const { maskedColumns, maskedNames } = maskedIn([...named.values()], masks, mentions);
  // named nowhere, but an error may print a row of it
  const behind = [...changed.values()].filter((relation) => !named.has(relation.oid));
  maskedColumns.push(...maskedIn(behind, masks, WHOLE).maskedColumns);
  // unvouched code matters where there is something to give away; an unknown relation may itself be masked
  const hidden = masks.present ? [...new Set(unseen)] : [];
  if (masks.any) hidden.push(...[...unknownRead].map((name) => `the catalog does not know ${name}`));
  const asked = [...named.keys()].some((oid) => asksBySetting(snapshot, oid, masks));
  const touches = maskedColumns.length > 0 || asked || functions.some((ref) => readsUnseen(ref.name));
  // an error that it makes of what it was given has whatever code it likes
  const raising = touches && masks.present ? raisingOf(statement, onRows, snapshot) : [];
  hidden.push(...raising.map((ref) => `the function ${written(ref)} makes errors of its own`));
  const volatile = masks.present ? functions.filter((ref) => mayBeVolatile(ref, snapshot)).map(written) : [];
  const scope: MaskScope = hidden.length > 0 ? 'opaque' : touches ? 'touched' : 'clean';
  const oids = new Set([...named.keys(), ...changed.keys()].flatMap((oid) => [...readsOf(snapshot, oid)]));
  return {
    judgement: {
      scope,
      relationOids: [...oids].toSorted((a, b) => a - b),
      unknownRelations: [...unknown].toSorted(),
      maskedColumns: [...new Set(maskedColumns)].toSorted(),
      callsVolatile: volatile.length > 0,
    },
    maskedNames,
    unseen: hidden,
    volatile: [...new Set(volatile)],
    // a vouched function of a row gives what is in the row, and nothing in the statement says so
    callsUnseen: masks.present && (functions.length + operators.length > 0 || (touches && onRows.length > 0)),
  };
}

/** INSERT and COPY FROM change no row that was there; an upsert or RETURNING names its target as read, too. */
function addsOnly(statement: Statement): boolean {
  const writes = statement.actions.filter((one) => one.action === 'write');
  if (!writes.every((one) => one.command === 'insert' || one.command === 'copy from')) return false;
  return !statement.relations.some(
    (ref) =>
      ref.access === 'write' &&
      statement.relations.some((one) => one.access === 'read' && one.name === ref.name),
  );
}

function addChanged(oid: number, snapshot: Snapshot, changed: Map<number, CatalogRelation>): void {
  for (const one of changedWith(snapshot, oid)) {
    const relation = snapshot.relations.get(one);
    if (relation !== undefined) changed.set(one, relation);
  }
}

const WHOLE: Mentions = { columns: new Set(), star: true, wholeRows: true };

/**
 * The masked columns of relations that a statement names. Of PostgreSQL's own relations only those that it
 * can have computed with: tools read the catalog all day long, and hardly ever the few private columns.
 */
function maskedIn(relations: readonly CatalogRelation[], masks: MaskSet, mentions: Mentions) {
  const maskedColumns: string[] = [];
  const maskedNames = new Set<string>();
  for (const relation of relations) {
    const columns = masks.columns.get(relation.oid);
    if (columns === undefined) continue;
    const isSystem = isSystemSchema(relation.schema) && relation.kind !== 'toast' && !mentions.wholeRows;
    for (const column of relation.columns) {
      if (!columns.has(column.attnum)) continue;
      if (isSystem && !mentions.columns.has(column.name)) continue;
      maskedColumns.push(`${relation.schema}.${relation.name}.${column.name}`);
      maskedNames.add(column.name.toLowerCase());
    }
  }
  return { maskedColumns, maskedNames };
}

/** Not one of PostgreSQL's own, or one of its own that reads what no relation reference names. */
export function isUnseenFunction(ref: NameRef, snapshot: Snapshot): boolean {
  if (readsUnseen(ref.name)) return true;
  if (ref.syntax === true) return snapshot.userFunctions.has(ref.name);
  const builtin = snapshot.builtinFunctions.has(ref.name);
  if (ref.schema === 'pg_catalog' || ref.schema === 'information_schema') return !builtin;
  if (trustedByName(snapshot, ref) !== undefined) return false;
  // a user's function of the same name may come first in the search path
  return ref.schema !== null || snapshot.userFunctions.has(ref.name) || !builtin;
}

/** A view of masked columns that reads a setting shows by its rows how what was set compares with them. */
function asksBySetting(snapshot: Snapshot, oid: number, masks: MaskSet): boolean {
  const reads = [...readsOf(snapshot, oid)];
  return (
    reads.some((one) => readsSetting(snapshot.relations.get(one)?.definition ?? null)) &&
    reads.some((one) => masks.columns.has(one))
  );
}

function raisingOf(statement: Statement, onRows: readonly string[], snapshot: Snapshot): readonly NameRef[] {
  const called = [...statement.functions, ...onRows.map((name) => ({ schema: null, name }))];
  return called.filter((ref) => trustedByName(snapshot, ref)?.raises === true);
}

/**
 * Operators outside pg_catalog are never PostgreSQL's own, known or not; of the types, only those the catalog
 * lists can run code (an enumeration or a table's row type can not).
 */
export function isUserName(ref: NameRef, users: ReadonlySet<string>, qualifiedIsUser: boolean): boolean {
  if (ref.schema === 'pg_catalog') return false;
  return users.has(ref.name) || (qualifiedIsUser && ref.schema !== null);
}

function written(ref: { readonly schema: string | null; readonly name: string }): string {
  return ref.schema === null ? ref.name : `${ref.schema}.${ref.name}`;
}
