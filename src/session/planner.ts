/**
 * Makes the plan for the rows of one answer, from the server's description of them and what the statement was
 * judged to show. A statement that is sent again is described in the same bytes, and gets the same plan, with the
 * rewriter that goes with it.
 *
 * Invariant: a plan is used again only for the same bytes, masks, scope and lineage, and where nothing is in
 * doubt. Non-goal: when a description is there (`execute.ts`).
 */
import { knowsFrom, planRow, type RowPlan } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import type { OutputShows } from '../policy/outputs.ts';
import { DescriptionScan, fieldsOf } from './description-scan.ts';
import { SESSION_LIMITS } from './limits.ts';
import { showsFor } from './output-shows.ts';
import type { Reply } from './replies.ts';
import { shownTo } from './showing.ts';
import { doubted, scopeOf } from './sight.ts';
import type { SessionState } from './state.ts';

/** A RowDescription where it lies. */
type Placed = { readonly buffer: Buffer; readonly start: number; readonly end: number };

type Made = {
  readonly masks: MaskSet;
  readonly scope: MaskScope;
  readonly description: Buffer;
  readonly plan: RowPlan | null;
};

export class Planner {
  readonly #session: SessionState;
  readonly #scan = new DescriptionScan();
  /** The plan made last for a statement, by what lineage says of its outputs. */
  readonly #made = new Map<NonNullable<OutputShows>, Made>();

  constructor(session: SessionState) {
    this.#session = session;
  }

  /**
   * The plan for the rows that `head` answers with, under the masks in force, or those that are left for it; null
   * where nothing is to be masked.
   */
  planFor(head: Reply, described: Placed): RowPlan | null {
    const session = this.#session;
    const shown = shownTo(head);
    const inDoubt = doubted(session, head);
    const { masks } = session.parts.gate.judge;
    if (inDoubt || shown !== null || session.use !== null) return this.#special(head, described, inDoubt);
    const scope = scopeOf(session, head);
    const shows = masks.any ? showsFor(session, head) : null;
    const made = shows === null ? undefined : this.#made.get(shows);
    if (made !== undefined && isFor(made, masks, scope, described)) return made.plan;
    const knows = session.knows(false);
    const { buffer, start, end } = described;
    const plan = this.#scan.mayMask(buffer, start, end, masks, scope, knows)
      ? planRow(fieldsOf(buffer, start, end), masks, scope, knows, shows ?? showsFor(session, head))
      : null;
    if (this.#hasUnknown(plan) || shows === null) return plan;
    if (end - start <= SESSION_LIMITS.maxKeptDescriptionBytes)
      this.#keep(shows, { masks, scope, description: Buffer.from(buffer.subarray(start, end)), plan });
    return plan;
  }

  #keep(shows: NonNullable<OutputShows>, made: Made): void {
    const oldest = this.#made.keys().next();
    if (this.#made.size >= SESSION_LIMITS.maxKeptPlans && oldest.done !== true)
      this.#made.delete(oldest.value);
    this.#made.set(shows, made);
  }

  /** Where a definition may be another by now, or more is shown than the masks in force would: made each time. */
  #special(head: Reply, { buffer, start, end }: Placed, inDoubt: boolean): RowPlan | null {
    const session = this.#session;
    const shown = shownTo(head);
    const inForce = shown?.masks ?? session.parts.gate.judge.masks;
    // Without a mask rule what is unknown passes, unless it may be a view over what built-in masks cover.
    const masks = inDoubt && !inForce.any ? { ...inForce, any: true } : inForce;
    const knows = inDoubt || shown === null ? session.knows(inDoubt) : knowsFrom(shown.snapshot);
    const scope = scopeOf(session, head);
    if (!this.#scan.mayMask(buffer, start, end, masks, scope, knows)) return null;
    const fields = fieldsOf(buffer, start, end);
    const plan = planRow(fields, masks, scope, knows, showsFor(session, head));
    this.#hasUnknown(plan);
    const { use } = session;
    const granted = use !== null && !inDoubt && (head.kind === 'query' || portalOf(head) === use.portal);
    return granted ? use.planOf(plan, fields, knows) : plan;
  }

  /** A column the catalog does not know makes it worth another look. */
  #hasUnknown(plan: RowPlan | null): boolean {
    const unknown = plan?.masked.some((field) => field.cause === 'unknown-column') === true;
    if (unknown) this.#session.parts.catalog.refreshSoon();
    return unknown;
  }
}

function isFor(made: Made, masks: MaskSet, scope: MaskScope, { buffer, start, end }: Placed): boolean {
  const { description } = made;
  if (made.masks !== masks || made.scope !== scope || description.length !== end - start) return false;
  return description.compare(buffer, start, end) === 0;
}

function portalOf(head: Reply): object | undefined {
  return head.kind === 'describe' ? (head.portal ?? undefined) : undefined;
}
