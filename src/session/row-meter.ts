/**
 * How many rows of one statement may pass before somebody is asked. Made only where some rule limits them, and asked
 * once a run of rows: the lengths of the frames are added up, nothing else of a row is looked at.
 */
import type { RowAccount } from '../approvals/row-ledger.ts';
import type { RowLimit } from '../policy/row-limits.ts';
import type { Rule } from '../policy/rules.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';
import { distinctLimits, NO_ROW_LIMITS } from '../policy/row-limits.ts';

/** What was counted of one statement; of a portal for as long as it lives, however often it is executed. */
export class RowTally {
  rows = 0;
  /** Approved: they limit this statement no more. Of rules, not names: a rule read again is another one. */
  readonly lifted = new Set<Rule>();
}

/** Type byte and length. */
const HEADER_BYTES = 5;

export class RowMeter {
  readonly tally: RowTally;
  readonly #limits: readonly RowLimit[];
  readonly #accountOf: (rule: string) => RowAccount;

  /** @param accountOf what the agent has had within the hour, by a rule's name */
  constructor(limits: readonly RowLimit[], tally: RowTally, accountOf: (rule: string) => RowAccount) {
    this.tally = tally;
    this.#limits = limits;
    this.#accountOf = accountOf;
  }

  /** The limits that the next row would pass. */
  get met(): readonly RowLimit[] {
    return this.#limits.filter((limit) => this.#left(limit) < 1);
  }

  /**
   * Counts the DataRow frames that fill `buffer[start, end)`, the last of which may be cut off, as far as they may pass.
   * @returns where the first that may not begins; `end` where all may
   */
  pass(buffer: Buffer, start: number, end: number): number {
    let left = Number.POSITIVE_INFINITY;
    for (const limit of this.#limits) left = Math.min(left, this.#left(limit));
    let at = start;
    let rows = 0;
    while (at < end && rows < left) {
      at += 1 + (at + HEADER_BYTES <= end ? buffer.readUInt32BE(at + 1) : end);
      rows += 1;
    }
    this.#count(rows);
    return Math.min(at, end);
  }

  /** Counts one row, if it may pass. */
  passOne(): boolean {
    if (this.#limits.some((limit) => this.#left(limit) < 1)) return false;
    this.#count(1);
    return true;
  }

  /** Somebody approved of passing these. What passes from now on counts for them no more. */
  lift(limits: readonly RowLimit[]): void {
    for (const { rule } of limits) this.tally.lifted.add(rule);
  }

  #left({ rule, rows, per }: RowLimit): number {
    if (this.tally.lifted.has(rule)) return Number.POSITIVE_INFINITY;
    return Math.max(0, rows - (per === 'hour' ? this.#accountOf(rule.name).rows : this.tally.rows));
  }

  #count(rows: number): void {
    this.tally.rows += rows;
    for (const { rule, per } of this.#limits)
      if (per === 'hour' && !this.tally.lifted.has(rule)) this.#accountOf(rule.name).add(rows);
  }
}

/** What counts the rows that answer `head` now; null where nothing limits them. */
export function meterFor(session: SessionState, head: Reply): RowMeter | null {
  if (head.kind !== 'query' && head.kind !== 'execute') return null;
  if (!head.judged.rowLimited && !head.unsure) return null;
  const limits = limitsOf(session, head);
  if (limits.length === 0) return null;
  const tally = head.kind === 'query' ? new RowTally() : (head.portal.tally ??= new RowTally());
  return new RowMeter(limits, tally, session.parts.rowAccount);
}

function limitsOf(
  session: SessionState,
  head: Extract<Reply, { kind: 'query' | 'execute' }>,
): readonly RowLimit[] {
  const { judged, unsure } = head;
  // What stands behind a name here may be any statement: every rule about the agent counts.
  if (unsure) return session.parts.gate.judge.rowLimitsOfUnknown();
  const { statements } = judged.judgement;
  if (head.kind === 'query' && !judged.refersToNames)
    return statements[head.index]?.rowLimits ?? NO_ROW_LIMITS;
  // The texts behind FETCH and EXECUTE were judged along with them.
  return distinctLimits(statements.flatMap(({ rowLimits }) => rowLimits));
}
