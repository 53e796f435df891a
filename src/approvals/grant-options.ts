/** What the time-boxed grants are opened with, and what their owner may do with them. */
import type { Trail } from '../audit/event.ts';
import type { Grants } from './grant.ts';
import type { Store } from './store.ts';

export type GrantOptions = {
  readonly store: Store;
  readonly trail: Trail;
  /** A grant for longer, or for more rows, is refused. In milliseconds. */
  readonly maxMs: number;
  readonly maxRows: number;
  readonly keepMs?: number;
  /** How often to look at the store beside what it tells; SWEEP_MS unless said. */
  readonly sweepMs?: number;
  readonly onError?: (error: unknown) => void;
};

export type GrantService = Grants & {
  /** Ends what is over and looks at what others did. A timer calls it. */
  sweep(): Promise<void>;
  /** Stops the timers, and waits until what was used is written down. */
  close(): Promise<void>;
};
