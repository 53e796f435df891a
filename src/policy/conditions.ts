/** Whether a rule's `when` fits one thing a statement does. All keys must fit; within a key, any entry. */
import { resolve } from '../catalog/snapshot.ts';
import type { Snapshot } from '../catalog/snapshot.ts';
import type { Action, ActionFinding, RelationRef } from '../sql/statement.ts';
import { reachOf } from './family.ts';
import type { AgentIdentity, Where } from './judgement.ts';
import { matchesAny, matchesName, matchesRelation } from './patterns.ts';
import type { RuleCondition } from './rules.ts';

export type Circumstances = {
  readonly agent: AgentIdentity;
  readonly where: Where;
  readonly snapshot: Snapshot;
};

/** What a finding is judged with. `null`: it could not be read, so it may be anything. */
export type Doing = {
  readonly finding: Pick<ActionFinding, 'action' | 'destructive' | 'command'>;
  readonly statementCommand: string;
  readonly relations: readonly RelationRef[];
} | null;

export function fits(when: RuleCondition, doing: Doing, circumstances: Circumstances): boolean {
  return fitsWho(when, circumstances) && fitsWhat(when, doing, circumstances.snapshot);
}

/** Whether it fits whatever is done. */
export function fitsWho(when: RuleCondition, { agent, where, snapshot }: Circumstances): boolean {
  if (when.agent !== undefined && !matchesAny(when.agent, agent.name)) return false;
  if (when.group !== undefined && !agent.groups.some((group) => matchesAny(when.group ?? [], group)))
    return false;
  if (when.database !== undefined && !matchesAny(when.database, where.database)) return false;
  if (when.environment !== undefined && !matchesAny(when.environment, where.environment)) return false;
  if (when.unmask !== undefined && !fitsShown(when.unmask, where, snapshot)) return false;
  return when.inTransaction === undefined || when.inTransaction === where.inTransaction;
}

function fitsShown(
  patterns: NonNullable<RuleCondition['unmask']>,
  { unmask = [] }: Where,
  snapshot: Snapshot,
): boolean {
  return unmask.some(({ relation: oid, attnum }) => {
    const relation = snapshot.relations.get(oid);
    const column = relation?.columns.find((one) => one.attnum === attnum);
    if (relation === undefined || column === undefined) return true;
    return patterns.some((p) => matchesRelation(p, relation) && matchesName(p.column, column.name));
  });
}

function fitsWhat(when: RuleCondition, doing: Doing, snapshot: Snapshot): boolean {
  const action: Action = doing === null ? 'unknown' : doing.finding.action;
  if (when.action !== undefined && !when.action.includes(action)) return false;
  // the remaining keys ask about what could not be read: it may be just what they mean
  if (doing === null) return true;
  const { finding } = doing;
  if (when.destructive !== undefined && when.destructive !== finding.destructive) return false;
  if (
    when.command !== undefined &&
    !matchesAny(when.command, finding.command) &&
    !matchesAny(when.command, doing.statementCommand)
  )
    return false;
  return when.relation === undefined || fitsRelation(when.relation, doing, snapshot);
}

/** For a write, what it writes; for anything else, all that it names. */
function fitsRelation(
  patterns: NonNullable<RuleCondition['relation']>,
  doing: NonNullable<Doing>,
  snapshot: Snapshot,
): boolean {
  const written = doing.relations.filter((ref) => ref.access === 'write');
  const refs = doing.finding.action === 'write' && written.length > 0 ? written : doing.relations;
  return refs.some((ref) => {
    const relations = resolve(snapshot, ref);
    if (relations.length === 0) return patterns.some((pattern) => fitsUnknown(pattern, ref));
    // through a view or a partition it is still the relation the rule is about
    const oids = new Set(relations.flatMap((relation) => [...reachOf(snapshot, relation.oid)]));
    return [...oids].some((oid) => {
      const relation = snapshot.relations.get(oid);
      return relation !== undefined && patterns.some((pattern) => matchesRelation(pattern, relation));
    });
  });
}

/** A name the catalog does not know may be in any schema. */
function fitsUnknown(
  pattern: { readonly schema: string; readonly table: string },
  ref: RelationRef,
): boolean {
  return (
    matchesName(pattern.table, ref.name) && (ref.schema === null || matchesName(pattern.schema, ref.schema))
  );
}
