/**
 * Statements, rules and catalog in; verdict, causes and mask scope out.
 *
 * Invariant: of everything that matches the strictest wins, so neither the order of rules nor one rule more
 * can make a verdict milder; what could not be read is never allowed, whatever `defaults.unknown` says,
 * because nobody could say what to mask in its results.
 * Non-goals: reading SQL (sql/), acting on a verdict (gate/), masking rows (masking/).
 */
import type { Snapshot } from '../catalog/snapshot.ts';
import { lineageOf } from '../sql/lineage/follow.ts';
import type { Action, Analysis, Statement } from '../sql/statement.ts';
import { redefines } from './bendable.ts';
import { fits } from './conditions.ts';
import type { Circumstances, Doing } from './conditions.ts';
import { influencesIn, launderingIn, writeBackIn } from './findings.ts';
import type { AgentIdentity, Cause, Judgement, StatementJudgement, Where } from './judgement.ts';
import { holdTermsOf } from './hold-terms.ts';
import type { MaskSet } from './mask-set.ts';
import { outputShows } from './outputs.ts';
import type { DefaultKey, Rule, RuleSet, Verdict } from './rules.ts';
import { rowLimitOf, rowLimitsFor } from './row-limits.ts';
import { reachOfStatement } from './scope.ts';
import type { Reach } from './scope.ts';
import { tellingDdlIn } from './telling-ddl.ts';
import { trustingView } from './trusting-view.ts';
import { unmaskingIn } from './unmasking.ts';

const STRICTNESS: Readonly<Record<Verdict, number>> = { allow: 0, hold: 1, deny: 2 };

/** The stricter of two verdicts. */
export function strictest(a: Verdict, b: Verdict): Verdict {
  return STRICTNESS[a] >= STRICTNESS[b] ? a : b;
}

/**
 * Judges all statements of one message together: they run together or not at all.
 * @param masks what `compileMasks` made of the same rules, snapshot and agent
 */
export function judge(
  analysis: Analysis,
  rules: RuleSet,
  snapshot: Snapshot,
  masks: MaskSet,
  agent: AgentIdentity,
  where: Where,
): Judgement {
  const circumstances = { agent, where, snapshot };
  const inquiry = new Inquiry(rules, circumstances);
  if (analysis.kind === 'unreadable') {
    inquiry.unreadable(analysis.reason);
    return inquiry.result([]);
  }
  const held = { snapshot, masks };
  const reaches = analysis.statements.map((statement) => reachOfStatement(statement, snapshot, masks));
  // EXECUTE's arguments are computed by one statement and stored by another
  const given = analysis.statements.some(
    (statement, index) => statement.effect.kind === 'execute' && reaches[index]?.callsUnseen === true,
  );
  for (const statement of analysis.statements) {
    inquiry.statement(statement);
  }
  // what stands behind it in the message meets names that it may have given another meaning
  const redefinedAt = analysis.statements.findIndex((one) => isDefining(one) && redefines(one));
  const judged = reaches.map((reach, index): StatementJudgement => {
    const statement = analysis.statements[index];
    if (statement === undefined) return { ...reach.judgement, outputs: null, guarded: [], rowLimits: [] };
    inquiry.unvouched(statement, reach.volatile);
    inquiry.influences(statement, tellingDdlIn(analysis.trees[index], held));
    inquiry.stores(statement, unmaskingIn(analysis.trees[index], statement, reach.judgement.scope, held));
    const inDoubt = where.inDoubt === true || (redefinedAt >= 0 && index > redefinedAt);
    if (inDoubt && masks.present && storesByName(statement)) inquiry.stores(statement, [IN_DOUBT]);
    const rowLimits = rowLimitsFor(statement, rules.rules, circumstances);
    if (reach.judgement.scope === 'clean' && !given)
      return { ...reach.judgement, outputs: null, guarded: [], rowLimits };
    const tree = analysis.trees[index];
    const lineage = lineageOf(tree, trustingView(snapshot, masks));
    inquiry.laundering(statement, reach, given, lineage.kind === 'lost' ? null : launderingIn(lineage, held));
    inquiry.influences(statement, influencesIn(lineage, reach, statement, held));
    const { constants, guarded } = writeBackIn(tree, held);
    inquiry.writeBack(constants);
    return { ...reach.judgement, outputs: outputShows(lineage, masks), guarded, rowLimits };
  });
  if (where.unmask !== undefined && where.unmask.length > 0)
    inquiry.showing(where.unmask.map((column) => column.name));
  return inquiry.result(judged);
}

/** Collects causes; keeps which rules hold, since their terms make up the request's. */
class Inquiry {
  readonly #rules: RuleSet;
  readonly #circumstances: Circumstances;
  readonly #causes = new Map<string, Cause>();
  readonly #holding = new Set<Rule>();

  constructor(rules: RuleSet, circumstances: Circumstances) {
    this.#rules = rules;
    this.#circumstances = circumstances;
  }

  statement(statement: Statement): void {
    const findings =
      statement.actions.length > 0
        ? statement.actions
        : [
            {
              action: 'unknown' as const,
              destructive: false,
              command: statement.command,
              reason: 'nothing is known of what it does',
            },
          ];
    for (const finding of findings) {
      const { action, reason } = finding;
      this.#byDefault(action, action, reason);
      if (finding.destructive) this.#byDefault('destructive', action, reason);
      this.#byRules(
        { finding, statementCommand: statement.command, relations: statement.relations },
        action,
        reason,
      );
    }
  }

  /**
   * What PostgreSQL's own parser cannot read, PostgreSQL would refuse, and what is over a limit no human can
   * judge either: it is denied whatever the rules say, and nobody is bothered with it.
   */
  unreadable(reason: string): void {
    this.#add({
      verdict: 'deny',
      rule: 'unreadable',
      action: 'unknown',
      reason: `it cannot be read: ${reason}`,
    });
  }

  /** Masked columns that decide which rows come back. */
  influences(statement: Statement, found: readonly string[]): void {
    if (found.length === 0) return;
    const action = statement.actions[0]?.action ?? 'read';
    this.#byDefault('influence', action, `lets masked columns decide what comes back: ${found.join('; ')}`);
  }

  /** What such a function stores, sends or sets nobody can see; it may even be told so by an argument. */
  unvouched(statement: Statement, functions: readonly string[]): void {
    for (const name of functions) {
      const action = statement.actions[0]?.action ?? 'read';
      const reason = `calls ${name}, a volatile function nobody vouched for, which may carry masked values anywhere`;
      this.#byDefault(
        'laundering',
        action,
        `${reason}; if it does not, name it under \`trust\` in rules.yaml`,
      );
    }
  }

  /** An agent that stores what it was shown would put the mask in place of the value. */
  writeBack(columns: readonly string[]): void {
    if (columns.length === 0) return;
    const reason = `would write what a mask shows over the value of ${columns.join(', ')}`;
    this.#add({ verdict: 'deny', rule: 'write-back', action: 'write', reason });
  }

  /**
   * Masked values about to be put where no mask covers them.
   * @param found what lineage says; null where it was lost, and the statement's words have to do
   */
  laundering(statement: Statement, reach: Reach, given: boolean, found: readonly string[] | null): void {
    if (found !== null && !given) return this.stores(statement, found);
    if (stores(statement, reach, given)) {
      this.#byDefault(
        'laundering',
        statement.actions.find(isStoring)?.action ?? 'write',
        'stores masked values where they would no longer be masked',
      );
    }
    if (statement.sinks.length > 0) {
      this.#byDefault(
        'laundering',
        statement.actions[0]?.action ?? 'read',
        `may carry masked values out of the statement by ${[...new Set(statement.sinks)].toSorted().join(', ')}`,
      );
    }
  }

  /** Each a way in which it leaves masked values where no mask covers them. */
  stores(statement: Statement, found: readonly string[]): void {
    const action = (statement.actions.find(isStoring) ?? statement.actions[0])?.action ?? 'read';
    for (const reason of found) this.#byDefault('laundering', action, reason);
  }

  /** The agent asks to see masked columns: whatever the rules say, that is never simply allowed. */
  showing(columns: readonly string[]): void {
    const verdict = strictest('hold', this.#rules.defaults.unmask);
    const reason = `asks to see ${columns.join(', ')} unmasked`;
    this.#add({ verdict, rule: 'defaults.unmask', action: 'read', reason });
  }

  result(statements: Judgement['statements']): Judgement {
    const causes = [...this.#causes.values()];
    const verdict = causes.reduce<Verdict>((worst, cause) => strictest(worst, cause.verdict), 'allow');
    return {
      verdict,
      causes: causes.toSorted((a, b) => STRICTNESS[b.verdict] - STRICTNESS[a.verdict]),
      hold: verdict === 'hold' ? holdTermsOf([...this.#holding]) : null,
      statements,
    };
  }

  #byDefault(key: DefaultKey, action: Action, reason: string): void {
    const verdict = this.#rules.defaults[key];
    if (verdict !== 'allow') this.#add({ verdict, rule: `defaults.${key}`, action, reason });
  }

  #byRules(doing: Doing, action: Action, reason: string): void {
    for (const rule of this.#rules.rules) {
      // how many rows come is known when they do: `row-limits.ts`
      if (rowLimitOf(rule) !== null || !fits(rule.when, doing, this.#circumstances)) continue;
      this.#add({ verdict: rule.then, rule: rule.name, action, reason });
      if (rule.then === 'hold') this.#holding.add(rule);
    }
  }

  #add(cause: Cause): void {
    const key = JSON.stringify([cause.verdict, cause.rule, cause.action, cause.reason]);
    if (!this.#causes.has(key)) this.#causes.set(key, cause);
  }
}

const IN_DOUBT =
  'stores what it reads by names that may stand for something masked, by DDL that is not yet over or read';

/** It keeps what names give, rather than constants, parameters and columns of what it writes. */
export function storesByName({ storesWhatItReads, relations, functions }: Statement): boolean {
  if (!storesWhatItReads) return false;
  const written = new Set(relations.filter(({ access }) => access === 'write').map(({ name }) => name));
  return (
    functions.length > 0 || relations.some(({ access, name }) => access === 'read' && !written.has(name))
  );
}

function isDefining({ actions }: Statement): boolean {
  return actions.some(({ action }) => action === 'ddl' || action === 'code' || action === 'unknown');
}

function isStoring({ action }: Statement['actions'][number]): boolean {
  return action === 'write' || action === 'ddl' || action === 'export';
}

/** Commands that take rows away put no value anywhere. */
const REMOVING: ReadonlySet<string> = new Set(['delete', 'truncate']);

function stores(statement: Statement, reach: Reach, given: boolean): boolean {
  // what an unseen function returns may be any masked value, and it needs no SELECT to be stored
  const writes = statement.actions.some((one) => one.action === 'write' && !REMOVING.has(one.command));
  if (writes && (reach.callsUnseen || given)) return true;
  if (!statement.storesWhatItReads || reach.judgement.scope === 'clean') return false;
  if (reach.judgement.scope === 'opaque' || statement.mentions.star) return true;
  return [...statement.mentions.columns].some((column) => reach.maskedNames.has(column.toLowerCase()));
}
