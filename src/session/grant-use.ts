/**
 * One execution under time-boxed grants: which of its fields they show, how many of its rows may go out now,
 * and why no further one may.
 *
 * Invariants: a grant shows only what is exactly one granted column's value, so that no row can carry more
 * values of a column than it is counted for; a row goes out only once it is taken from what is reserved; after
 * the end of any of its grants none does. Non-goals: the store (`approvals/grant-lease.ts`), the protocol
 * (`row-pause.ts`), whether a statement may be shown at all (`granting.ts`).
 */
import { PosternError } from '../errors.ts';
import type { Granted } from '../gate/judge.ts';
import type { Lease } from '../approvals/grant-lease.ts';
import { planRow, type KnowsColumn, type MaskableField, type RowPlan } from '../masking/plan.ts';

export type GrantUseCalls = {
  /** Ends grants that no longer mean what they were made for. Called for each run of rows. */
  readonly look: () => void;
  /** Called once when it ends while it shows something, to stop the result at its source. */
  readonly stop: (error: PosternError) => void;
};

export class GrantUse {
  readonly #leases: readonly Lease[];
  readonly #granted: Granted;
  readonly #calls: GrantUseCalls;
  /** In the extended protocol, the portal that is executed: no other's description is planned by the grants. */
  portal: object | null = null;
  /** What one row costs of each lease: how many values of one granted column it can show. */
  #weights: readonly number[] = [];
  #over: PosternError | null = null;
  /** More rows are being reserved. */
  #asking: Promise<void> | null = null;

  constructor(leases: readonly Lease[], granted: Granted, calls: GrantUseCalls) {
    this.#leases = leases;
    this.#granted = granted;
    this.#calls = calls;
    for (const [index, lease] of leases.entries()) {
      const over = (reason: string): void => {
        // What this one grants may not be among the fields of this result.
        if (this.counts && this.#weights[index] === 0) return;
        this.#end(new PosternError('grant-ended', { id: lease.grant.id, reason }));
      };
      if (lease.over === null) lease.onOver(over);
      else over(lease.over);
    }
  }

  /** Why the result must end; null while it may go on. */
  get over(): PosternError | null {
    // A lease learns by being asked that its time is over.
    if (this.#over === null) {
      this.#calls.look();
      for (const lease of this.#leases) lease.look();
    }
    return this.#over;
  }

  /**
   * The plan for this result: `full`, without the fields that the grants show.
   * @returns null as `planRow`; the same `full` where the grants show nothing of it
   */
  planOf(full: RowPlan | null, fields: readonly MaskableField[], knows: KnowsColumn): RowPlan | null {
    this.#weights = [];
    if (full === null || this.over !== null) return full;
    const { masks, scope, outputs } = this.#granted;
    const left = planRow(fields, masks, scope, knows, outputs);
    const hidden = new Set(left?.masked.map((field) => field.index));
    // A field with a column's own mask is that column's value and nothing else.
    const isShown = (field: RowPlan['masked'][number]): boolean =>
      field.cause === 'column' && !hidden.has(field.index);
    const shown = full.masked.filter(isShown);
    if (shown.length === 0) return full;
    const values = shown.map((field) => fields[field.index]);
    this.#weights = this.#leases.map((lease) => this.#weightOf(lease, values));
    const masked = full.masked.filter((field) => !isShown(field));
    return masked.length === 0 ? null : { fields: full.fields, masked };
  }

  /** As `over`, without a look at the time: what has been acted upon. */
  get ended(): PosternError | null {
    return this.#over;
  }

  /** It shows something, so its rows are counted. */
  get counts(): boolean {
    return this.#weights.some((weight) => weight > 0);
  }

  /** Where the rows end, of those that fill `buffer[start, end)`, that may go out now; they are taken. */
  admit(buffer: Buffer, start: number, end: number): number {
    let room = this.over === null ? this.#room() : 0;
    let rows = 0;
    let at = start;
    while (at < end && room > 0) {
      at += 1 + buffer.readUInt32BE(at + 1);
      rows += 1;
      room -= 1;
    }
    this.#take(rows);
    return at;
  }

  /** Takes one row, where one may go out. */
  admitOne(): boolean {
    if (this.over !== null || this.#room() === 0) return false;
    this.#take(1);
    return true;
  }

  /** Resolves when there is room again, or it is over. Never rejects. */
  more(): Promise<void> {
    this.#asking ??= this.#reserve()
      .catch((error: unknown) => {
        const why = error instanceof PosternError ? error : new PosternError('internal-error');
        this.#end(why);
      })
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Resolves when one more row may go out, or none ever will. Never rejects. */
  async ready(): Promise<void> {
    const open = (): boolean => this.over === null && this.#leases.every((lease) => !lease.settled);
    while (this.counts && open() && this.#room() === 0) await this.more();
  }

  /** The result is over. */
  settle(): void {
    for (const lease of this.#leases) lease.settle();
  }

  async #reserve(): Promise<void> {
    for (const [index, lease] of this.#leases.entries()) {
      const weight = this.#weights[index] ?? 0;
      while (lease.left < weight && lease.over === null && !lease.settled) await lease.more(weight);
    }
  }

  #take(rows: number): void {
    for (const [index, lease] of this.#leases.entries()) {
      const weight = this.#weights[index] ?? 0;
      if (weight > 0) lease.take(rows * weight);
    }
  }

  #room(): number {
    let room = Number.MAX_SAFE_INTEGER;
    for (const [index, lease] of this.#leases.entries()) {
      const weight = this.#weights[index] ?? 0;
      if (weight > 0) room = Math.min(room, Math.floor(lease.left / weight));
    }
    return room;
  }

  #end(error: PosternError): void {
    if (this.#over !== null) return;
    this.#over = error;
    if (this.counts) this.#calls.stop(error);
  }

  /**
   * The same column twice in a row, by a self-join or of two partitions, is two values. A field that the server
   * attributes to no granted column, but to a view's for instance, may be any of them.
   */
  #weightOf({ grant }: Lease, values: readonly (MaskableField | undefined)[]): number {
    const counts = new Map<string, number>();
    let unknown = 0;
    for (const value of values) {
      const is = ({ relation, attnum }: { relation: number; attnum: number }): boolean =>
        relation === value?.tableOid && attnum === value.attnum;
      const family = grant.columns.find(is)?.family;
      if (family !== undefined) counts.set(family, (counts.get(family) ?? 0) + 1);
      else if (!this.#granted.columns.some(is)) unknown += 1;
    }
    return Math.max(0, ...counts.values()) + unknown;
  }
}
