/**
 * Which statements mean something else once a definition is replaced, and which commands replace one. A base
 * table's columns keep their identity whatever is done to it, and its masks with them; what a view or a function
 * gives is only as it was read.
 */
import { resolve, type Snapshot } from '../catalog/snapshot.ts';
import type { Statement } from '../sql/statement.ts';
import { isView } from './family.ts';
import { isSystemSchema } from './patterns.ts';

/** Whether its results depend on a view, a function, an operator or a type that people made. */
export function isBendable(statement: Statement, snapshot: Snapshot): boolean {
  return (
    callsCode(statement, snapshot) ||
    statement.relations.some((ref) =>
      resolve(snapshot, ref).some((one) => isView(one) && !isSystemSchema(one.schema)),
    )
  );
}

/**
 * Whether people's code computes its rows. The server looks such code up again as it calls it, so that rows of one
 * answer may be by different definitions; views are settled once it is planned.
 */
export function callsCode(statement: Statement, snapshot: Snapshot): boolean {
  const { relations, functions, operators, types, mentions } = statement;
  return (
    functions.some((ref) => snapshot.userFunctions.has(ref.name)) ||
    operators.some((ref) => snapshot.userOperators.has(ref.name)) ||
    types.some((ref) => snapshot.userTypes.has(ref.name)) ||
    (snapshot.rowFunctions !== undefined &&
      [...mentions.columns].some((name) => snapshot.rowFunctions?.has(name) === true)) ||
    relations.some((ref) => resolve(snapshot, ref).some((one) => one.userCode?.onRead === true))
  );
}

/** DDL that leaves alone what any name known before stands for. All else is taken to change it. */
const LEAVES_NAMES: ReadonlySet<string> = new Set([
  'analyze',
  'cluster',
  'comment',
  'create index',
  'create materialized view',
  'create schema',
  'create sequence',
  'create statistics',
  'create table',
  'create table as',
  'grant',
  'refresh materialized view',
  'reindex',
  'revoke',
  'select into',
  'vacuum',
]);

export function redefines(statement: Statement): boolean {
  return !LEAVES_NAMES.has(statement.command);
}
