/** What the approvals are opened with, and what their owner may do with them. */
import type { Trail } from '../audit/event.ts';
import type { Approvals } from './request.ts';
import type { Store } from './store.ts';
import type { Throttle } from './throttle.ts';

export type ApprovalOptions = {
  readonly store: Store;
  readonly trail: Trail;
  /** The store's clock unless said. */
  readonly now?: () => Date;
  /** More pending requests of one agent than this are refused with `limit-exceeded`. */
  readonly maxPendingPerAgent: number;
  /** Absent: an agent may ask again however often it was denied. */
  readonly throttle?: Throttle;
  /** How long finished requests are kept; 90 days unless said. */
  readonly keepMs?: number;
  /** How often to look after other instances' requests; SWEEP_MS unless said. */
  readonly sweepMs?: number;
  /** Told what goes wrong where no caller is there to be told: timers and listeners. Must not throw. */
  readonly onError?: (error: unknown) => void;
};

export type ApprovalService = Approvals & {
  /** Ends every request whose time is over, and tries again what could not be recorded. A timer calls it. */
  expireDue(): Promise<void>;
  /** Looks after what is due, orphaned or to be escalated, at whichever instance. A timer calls it. */
  sweep(): Promise<void>;
  /** Withdraws what sessions here wait for and stops the timers. The store stays open; closing it is the caller's. */
  close(): Promise<void>;
};
