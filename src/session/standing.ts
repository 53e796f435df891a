/**
 * Whether the definitions by which an answer's rows were judged still stand while the rows come. Functions that
 * people made are vouched for by what is in them, and the server looks them up again as it calls them: a result that
 * is read slowly, a portal that is resumed and a COPY may go on by another definition than they began with.
 *
 * Invariant (I3): a row that such code computed passes only if no DDL went by since its plan was made. Non-goals: what
 * the server settles when it plans (`sight.ts`); DDL that did not come through this process.
 */
import { PosternError } from '../errors.ts';
import { expand } from './expand.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';

export class Standing {
  readonly #session: SessionState;
  #madeAt: number | null = null;

  constructor(session: SessionState) {
    this.#session = session;
  }

  /** Rows come that were judged then. */
  since(madeAt: number | null): void {
    this.#madeAt = madeAt;
  }

  /** Asked once for each run of rows. Where they do not stand any more, the result ends. */
  holds(): boolean {
    if (this.#madeAt === null) return true;
    const { unread } = this.#session.parts.catalog;
    if (unread.moment === this.#madeAt && !unread.doubtful(this.#session.changing)) return true;
    this.#madeAt = null;
    this.#session.endResult(new PosternError('definition-changed'));
    return false;
  }
}

/** For `since`: this moment, where code of people's computes what answers `head` and masks are in force. */
export function standingFrom(session: SessionState, head: Reply): number | null {
  const { gate, catalog } = session.parts;
  return gate.judge.masks.any && isComputed(session, head) ? catalog.unread.moment : null;
}

function isComputed(session: SessionState, head: Reply): boolean {
  if (head.kind === 'query') return head.judged.callsCode;
  const portal = 'portal' in head ? head.portal : null;
  if (portal === null) return false;
  try {
    return expand(session, session.judge(portal.prepared.text)).judged.callsCode;
  } catch (error) {
    // A name in it stands for nothing now: nobody knows what it gives.
    if (error instanceof PosternError) return true;
    throw error;
  }
}
