/** MERGE: like an UPDATE and an INSERT from a join, arm by arm. */
import { as, type BodyOf } from '../tree.ts';
import { lose, within, type Context, type Scope } from './context.ts';
import { fromItem, partOf } from './from-clause.ts';
import { expressionList } from './target-list.ts';
import type { Field } from './values.ts';
import { assignments, returning, storeRow, targetItem } from './writes.ts';
import { enterWith } from './with.ts';

export function merge(context: Context, body: BodyOf<'MergeStmt'>, outer: Scope): readonly Field[] {
  const base = enterWith(context, body.withClause, within(outer));
  const target = targetItem(context, body.relation);
  const source = fromItem(context, body.sourceRelation, base, []);
  const scope: Scope = { ...base, parts: [partOf(target), source] };
  context.condition(body.joinCondition, scope);
  for (const node of body.mergeWhenClauses ?? []) {
    const clause = as('MergeWhenClause', node) ?? lose('a MERGE holds something without a rule');
    context.condition(clause.condition, scope);
    if (clause.commandType === 'CMD_UPDATE') assignments(context, clause.targetList, target, scope);
    else if (clause.commandType === 'CMD_INSERT') {
      const values = expressionList(context, clause.values, scope);
      storeRow(context, clause.targetList, values, target, scope);
    }
  }
  // `RETURNING *` has the source's columns first
  return returning(context, body.returningClause, { ...scope, parts: [source, partOf(target)] }, target);
}
