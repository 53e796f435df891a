/**
 * The server's own witness: reads a RowDescription for columns that may have to be masked. Most results
 * have none, so the question is answered without allocating anything; only then is a plan made.
 */
import { knowsFrom, planRow, type KnowsColumn, type MaskableField, type RowPlan } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import { showsFor } from './output-shows.ts';
import type { Reply } from './replies.ts';
import { shownTo } from './showing.ts';
import { doubted, scopeOf } from './sight.ts';
import type { SessionState } from './state.ts';
import { decodeRowDescription, RowDescriptionScanner } from '../wire/server/row-description.ts';

export class DescriptionScan {
  readonly #scanner = new RowDescriptionScanner();

  /** Whether any field could need a mask: `planRow` has the last word. @throws PosternError `protocol-violation` */
  mayMask(
    buffer: Buffer,
    start: number,
    end: number,
    masks: MaskSet,
    scope: MaskScope,
    knows: KnowsColumn,
  ): boolean {
    const scanner = this.#scanner;
    scanner.open(buffer, start, end);
    let found = false;
    while (scanner.next()) {
      const { tableOid, attnum } = scanner;
      if (tableOid === 0) found ||= scope !== 'clean';
      else if (masks.columns.has(tableOid)) found = true;
      else if (masks.any) found ||= !knows(tableOid, attnum);
    }
    return found;
  }
}

/** A RowDescription's fields as a plan needs them. */
export function fieldsOf(
  buffer: Buffer,
  start: number,
  end: number,
): readonly (MaskableField & { readonly name: string })[] {
  return decodeRowDescription(buffer, start, end).map((field) => ({
    ...field,
    format: field.format === 1 ? 1 : 0,
  }));
}

/** A RowDescription where it lies. */
type Placed = { readonly buffer: Buffer; readonly start: number; readonly end: number };

/** The plan for the rows that `head` answers with, under the masks in force, or those that are left for it; null where nothing is to be masked. */
export function planFor(
  session: SessionState,
  scan: DescriptionScan,
  { buffer, start, end }: Placed,
  head: Reply,
): RowPlan | null {
  const shown = shownTo(head);
  const inForce = shown?.masks ?? session.parts.gate.judge.masks;
  const inDoubt = doubted(session, head);
  // Without a mask rule what is unknown passes, unless it may be a view over what built-in masks cover.
  const masks = inDoubt && !inForce.any ? { ...inForce, any: true } : inForce;
  const knows = inDoubt || shown === null ? session.knows(inDoubt) : knowsFrom(shown.snapshot);
  const scope = scopeOf(session, head);
  if (!scan.mayMask(buffer, start, end, masks, scope, knows)) return null;
  const fields = fieldsOf(buffer, start, end);
  const plan = planRow(fields, masks, scope, knows, showsFor(session, head));
  const unknown = plan?.masked.some((field) => field.cause === 'unknown-column') === true;
  if (unknown) session.parts.catalog.refreshSoon();
  const { use } = session;
  const granted = use !== null && !inDoubt && (head.kind === 'query' || portalOf(head) === use.portal);
  return granted ? use.planOf(plan, fields, knows) : plan;
}

function portalOf(head: Reply): object | undefined {
  return head.kind === 'describe' ? (head.portal ?? undefined) : undefined;
}
