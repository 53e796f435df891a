/**
 * Doubt that reading the catalog once more may settle. Where no rule masks anything, DDL of other sessions makes a
 * name that nobody has read yet suspect of being a view over what built-in masks cover. It nearly always is a
 * plain table, and its rows would be masked for nothing. So before the first word of such an answer is
 * taken, the catalog is read, again while others' DDL is on its way, and the answer judged by that.
 *
 * Invariants: nothing of the answer passes while it is looked for; no statement is looked for twice or for longer than
 * `LOOKING_MS`, whatever comes of it, and what is in doubt still is masked; a session that keeps its DDL open costs
 * the others that time once, not with each statement. Non-goals: doubt under rules that mask, of which
 * another session's open transaction is the cause as a rule; a session's own open DDL, which no reading shows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SERVER_TYPE } from '../wire/server/types.ts';
import type { Reply } from './replies.ts';
import type { UpstreamFlow } from './row-pause.ts';
import { mayBeSettled } from './sight.ts';
import type { SessionState } from './state.ts';

/** Messages that are masked, or not, by what is known of the statement as they come. */
const TELLING: ReadonlySet<number> = new Set([
  SERVER_TYPE.rowDescription,
  SERVER_TYPE.copyOutResponse,
  SERVER_TYPE.errorResponse,
  SERVER_TYPE.noticeResponse,
]);

/** DDL is over in some milliseconds as a rule; whoever leaves it open has others wait no longer than this. */
const LOOKING_MS = 1000;
const FIRST_PAUSE_MS = 20;
/** So long nobody waits after somebody waited in vain: a session can keep DDL open for hours. */
const IN_VAIN_MS = 10_000;

export class SecondLook {
  readonly #session: SessionState;
  readonly #flow: Pick<UpstreamFlow, 'halt' | 'resume'>;
  #state: 'none' | 'looking' | 'looked' = 'none';
  #head: Reply | null = null;
  /** Of a message with several statements, the one that was looked for. */
  #index = 0;

  constructor(session: SessionState, flow: Pick<UpstreamFlow, 'halt' | 'resume'>) {
    this.#session = session;
    this.#flow = flow;
  }

  /** The message at hand waits for the catalog. */
  get waiting(): boolean {
    return this.#state === 'looking';
  }

  /** True once for each message that waited: it is to be taken now. */
  get over(): boolean {
    if (this.#state !== 'looked') return false;
    this.#state = 'none';
    return true;
  }

  /** Whether the message at hand has to wait; if so, the catalog is being read. */
  begins(type: number): boolean {
    const { head } = this.#session.replies;
    if (head === null || !TELLING.has(type) || !mayBeSettled(this.#session, head)) return false;
    const index = head.kind === 'query' ? head.index : 0;
    if (head === this.#head && index === this.#index) return false;
    this.#head = head;
    this.#index = index;
    this.#state = 'looking';
    this.#flow.halt();
    void this.#look(head);
    return true;
  }

  async #look(head: Reply): Promise<void> {
    const session = this.#session;
    const { catalog } = session.parts;
    const giveUpAt = performance.now() + LOOKING_MS;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      // One that cannot be read leaves things as they are.
      await catalog.refresh().catch(() => undefined);
      if (session.closed || !mayBeSettled(session, head)) break;
      const now = performance.now();
      if (now < catalog.unread.waitInVainUntilMs) break;
      if (now + pauseMs > giveUpAt) {
        catalog.unread.waitInVainUntilMs = now + IN_VAIN_MS;
        break;
      }
      await sleep(pauseMs);
    }
    this.#state = 'looked';
    if (!this.#session.closed) this.#flow.resume();
  }
}
