/** A judgement as plain data for people and for the API: verdict, why, and what would be masked how. */
import type { Snapshot } from '../catalog/snapshot.ts';
import { lineageOf } from '../sql/lineage/follow.ts';
import type { Analysis } from '../sql/statement.ts';
import { judge } from './judge.ts';
import type { AgentIdentity, Cause, HoldTerms, MaskScope, Where } from './judgement.ts';
import { explainOutputs, type ExplainedOutputs } from './explain-outputs.ts';
import { compileMasks } from './masks.ts';
import type { RuleSet, Verdict } from './rules.ts';
import { describeLimit, rowLimitsFor } from './row-limits.ts';
import { reachOfStatement } from './scope.ts';
import { trustingView } from './trusting-view.ts';

export type ExplainedColumn = { readonly column: string; readonly rule: string; readonly why: string };

export type ExplainedRelation = {
  /** `schema.name`. */
  readonly relation: string;
  readonly kind: string;
  readonly masked: readonly ExplainedColumn[];
};

export type ExplainedStatement = {
  readonly command: string;
  readonly actions: readonly {
    readonly action: string;
    readonly command: string;
    readonly destructive: boolean;
    readonly reason: string;
  }[];
  readonly scope: MaskScope;
  readonly outputs: ExplainedOutputs;
  /** Why the scope is `opaque`. */
  readonly unseen: readonly string[];
  readonly relations: readonly ExplainedRelation[];
  readonly unknownRelations: readonly string[];
  /** What limits its rows. */
  readonly rowLimits: readonly { readonly rule: string; readonly says: string }[];
};

export type Explanation = {
  readonly agent: string;
  readonly database: string;
  readonly environment: string;
  readonly rulesVersion: string;
  readonly verdict: Verdict;
  readonly causes: readonly Cause[];
  readonly hold: HoldTerms | null;
  /** Null where the text could be read. */
  readonly unreadable: string | null;
  readonly statements: readonly ExplainedStatement[];
};

/** Judges like the gate, and says more. Contains no literal of the statement. */
export function explain(
  analysis: Analysis,
  rules: RuleSet,
  snapshot: Snapshot,
  agent: AgentIdentity,
  where: Where,
): Explanation {
  const masks = compileMasks(rules, snapshot, agent);
  const judgement = judge(analysis, rules, snapshot, masks, agent, where);
  const statements =
    analysis.kind === 'unreadable'
      ? []
      : analysis.statements.map((statement, index): ExplainedStatement => {
          const lineage = lineageOf(analysis.trees[index], trustingView(snapshot, masks));
          const reach = reachOfStatement(statement, snapshot, masks);
          const relations = reach.judgement.relationOids.flatMap((oid): ExplainedRelation[] => {
            const relation = snapshot.relations.get(oid);
            if (relation === undefined) return [];
            const masked = relation.columns.flatMap((column): ExplainedColumn[] => {
              const mask = masks.columns.get(oid)?.get(column.attnum);
              return mask === undefined
                ? []
                : [{ column: column.name, rule: mask.rule, why: masks.describe(oid, column.attnum) }];
            });
            return [{ relation: `${relation.schema}.${relation.name}`, kind: relation.kind, masked }];
          });
          return {
            command: statement.command,
            actions: statement.actions.map(({ action, command, destructive, reason }) => ({
              action,
              command,
              destructive,
              reason,
            })),
            scope: reach.judgement.scope,
            outputs: explainOutputs(lineage, snapshot, masks),
            unseen: reach.unseen,
            relations,
            unknownRelations: reach.judgement.unknownRelations,
            rowLimits: rowLimitsFor(statement, rules.rules, { agent, where, snapshot }).map((limit) => ({
              rule: limit.rule.name,
              says: describeLimit(limit),
            })),
          };
        });
  return {
    agent: agent.name,
    database: where.database,
    environment: where.environment,
    rulesVersion: rules.version,
    verdict: judgement.verdict,
    causes: judgement.causes,
    hold: judgement.hold,
    unreadable: analysis.kind === 'unreadable' ? analysis.reason : null,
    statements,
  };
}

const SCOPE_WORDS: Readonly<Record<MaskScope, string>> = {
  clean: 'no masked column is in reach',
  touched: 'masked columns are in reach; they, and what is computed from them, are masked',
  opaque:
    'code or relations nobody vouched for are involved; everything computed and all error texts are masked',
};

/** For a terminal; ends without a line break. */
export function formatExplanation(explanation: Explanation): string {
  const lines = [
    `${explanation.verdict.toUpperCase()}  as ${explanation.agent} on ${explanation.database} (${explanation.environment})`,
  ];
  if (explanation.causes.length === 0) lines.push('  nothing but allowing defaults applies');
  for (const cause of explanation.causes)
    lines.push(`  ${cause.verdict}  ${cause.rule}: ${cause.action}: ${cause.reason}`);
  if (explanation.hold !== null) lines.push(`  ${holdText(explanation.hold)}`);
  for (const [index, statement] of explanation.statements.entries()) {
    lines.push(
      '',
      `statement ${index + 1}: ${statement.command}`,
      `  masking: ${statement.scope}: ${SCOPE_WORDS[statement.scope]}`,
    );
    for (const why of statement.unseen) lines.push(`    ${why}`);
    lines.push(...outputLines(statement.outputs));
    for (const relation of statement.relations) {
      lines.push(
        `  ${relation.relation} (${relation.kind})${relation.masked.length === 0 ? ': nothing masked' : ''}`,
      );
      for (const { column, why } of relation.masked) lines.push(`    ${column}: ${why}`);
    }
    for (const name of statement.unknownRelations) lines.push(`  ${name}: not in the catalog`);
    for (const { says } of statement.rowLimits) lines.push(`  ${says}`);
  }
  return lines.join('\n');
}

function outputLines(outputs: ExplainedOutputs): string[] {
  if (outputs.kind === 'lost')
    return [`  outputs cannot be followed (${outputs.reason}): what is no plain column is masked`];
  return outputs.outputs.map(({ name, from, shown }, index) => `  ${index + 1} ${name}: ${from}: ${shown}`);
}

function holdText(hold: HoldTerms): string {
  const demands = hold.requirements.map(({ approvers, quorum }) => {
    const people = quorum === 1 ? 'one approver' : `${quorum} different approvers`;
    return `${people} ${approvers.length === 0 ? 'from any group' : `from ${approvers.join(' or ')}`}`;
  });
  const within = `within ${Math.round(hold.expiresMs / 1000)} seconds`;
  return `needs ${[...new Set(demands)].join(', and ')}, ${within}`;
}
