/**
 * Whether the database's planner may be asked about a statement before anybody has approved it. Planning
 * runs code: immutable functions over constants, stable ones for estimates. So only what mentions
 * PostgreSQL's own functions, operators and types is planned, and nothing that runs a user's unseen.
 */
import { resolve, type Snapshot } from '../catalog/snapshot.ts';
import type { Statement } from '../sql/statement.ts';
import { readsOf } from './family.ts';
import { isUnseenFunction, isUserName } from './scope.ts';

const EXPLAINED: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

export function mayPlan(statement: Statement, snapshot: Snapshot): boolean {
  if (!EXPLAINED.has(statement.command) || statement.effect.kind !== 'none') return false;
  if (statement.actions.some(({ action }) => action !== 'read' && action !== 'write')) return false;
  if (statement.sinks.length > 0) return false;
  if (statement.functions.some((ref) => isUnseenFunction(ref, snapshot))) return false;
  if (statement.operators.some((ref) => isUserName(ref, snapshot.userOperators, true))) return false;
  if (statement.types.some((ref) => isUserName(ref, snapshot.userTypes, true))) return false;
  if ([...statement.mentions.columns].some((name) => snapshot.rowFunctions?.has(name) === true)) return false;
  return statement.relations.every((ref) => {
    const [relation, ...others] = resolve(snapshot, ref);
    // Which of several is meant depends on the session's search_path, which the planner would not have.
    if (relation === undefined || others.length > 0) return false;
    return [relation.oid, ...readsOf(snapshot, relation.oid)].every((oid) => {
      const code = snapshot.relations.get(oid)?.userCode;
      return code === undefined || (!code.onRead && !code.onWrite);
    });
  });
}
