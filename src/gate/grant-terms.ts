/**
 * What a time-boxed grant would be: the columns that names stand for in the catalog now, and what the rules in
 * force demand of whoever shows them. Nothing is asked, stored or sent. Invariant: whoever may grant is whoever
 * could approve that agent's request to see the same columns in a plain SELECT.
 */
import type { NewGrant } from '../approvals/grant.ts';
import type { Snapshot } from '../catalog/snapshot.ts';
import { PosternError } from '../errors.ts';
import { readColumns } from '../policy/column-list.ts';
import { grantedColumns, type GrantedColumn } from '../policy/granted.ts';
import { judge } from '../policy/judge.ts';
import type { AgentIdentity, Judgement } from '../policy/judgement.ts';
import { compileMasks } from '../policy/masks.ts';
import type { RuleSet } from '../policy/rules.ts';
import { shownColumns } from '../policy/shown.ts';
import { analyze } from '../sql/analyze.ts';

export type GrantPlace = {
  readonly agent: AgentIdentity;
  readonly database: string;
  readonly environment: string;
  readonly rules: RuleSet;
  readonly snapshot: Snapshot;
};

/**
 * @param named columns as `schema.table.column`, as SQL writes them
 * @throws PosternError `bad-input`, `statement-denied`, `upstream-unavailable` while the catalog is not read
 */
export function grantTerms(
  named: readonly string[],
  place: GrantPlace,
): Pick<NewGrant, 'columns' | 'rules' | 'rulesVersion' | 'requirements'> {
  const { agent, rules, snapshot } = place;
  if (snapshot.version === 0)
    throw new PosternError('upstream-unavailable', { reason: 'its catalog has not been read yet' });
  const columns = columnsOf(named, snapshot);
  const masks = compileMasks(rules, snapshot, agent);
  const clear = columns.find(({ relation, attnum }) => masks.columns.get(relation)?.has(attnum) !== true);
  if (clear !== undefined) throw bad(`${clear.name} is not masked for agent "${agent.name}"`);
  // A rule may differ by whether a transaction is open, and a grant holds for both.
  const judgements = [false, true].map((inTransaction) => judgementOf(columns, place, inTransaction));
  return {
    columns,
    rulesVersion: rules.version,
    rules: [...new Set(judgements.flatMap((one) => one.causes.map((cause) => cause.rule)))],
    requirements: judgements.flatMap((one) => one.hold?.requirements ?? []),
  };
}

function columnsOf(named: readonly string[], snapshot: Snapshot): readonly GrantedColumn[] {
  const read = named.map((one) => ({ one, columns: readColumns(one) }));
  const wrong = read.find(({ columns }) => columns?.length !== 1 || columns[0]?.schema === null);
  if (wrong !== undefined)
    throw bad(`"${wrong.one}" is no column with its schema and table, as public.customers.email`);
  const found = shownColumns(
    read.flatMap(({ columns }) => columns ?? []),
    snapshot,
  );
  if (found.kind === 'unknown') throw bad(`${found.name}: ${found.why}`);
  return grantedColumns(found.columns, snapshot);
}

/** As if the agent asked to see them: each by itself, so that no rule about one hides behind another. */
function judgementOf(
  columns: readonly GrantedColumn[],
  place: GrantPlace,
  inTransaction: boolean,
): Judgement {
  const { agent, database, environment, rules, snapshot } = place;
  const text = columns.map((one) => selectOf(one, snapshot)).join(';\n');
  const where = { database, environment, inTransaction, unmask: columns };
  const masks = compileMasks(rules, snapshot, agent);
  const judgement = judge(
    analyze(text, { maxStatementBytes: text.length * 4 }),
    rules,
    snapshot,
    masks,
    agent,
    where,
  );
  if (judgement.verdict === 'deny') {
    const denying = judgement.causes.filter((cause) => cause.verdict === 'deny');
    const reason = denying.map((cause) => `rule "${cause.rule}": ${cause.reason}`).join('; ');
    throw new PosternError('statement-denied', { reason });
  }
  return judgement;
}

function selectOf({ relation: oid, attnum }: GrantedColumn, { relations }: Snapshot): string {
  const relation = relations.get(oid);
  const column = relation?.columns.find((one) => one.attnum === attnum)?.name ?? '';
  const quoted = (name = ''): string => `"${name.replaceAll('"', '""')}"`;
  return `SELECT ${quoted(column)} FROM ${quoted(relation?.schema)}.${quoted(relation?.name)}`;
}

function bad(reason: string): PosternError {
  return new PosternError('bad-input', { reason });
}
