/**
 * Nothing that a client sends behind a statement with a limit on its rows goes on before that statement is
 * answered: should its rows be refused, what follows must not have run, and a transaction must still be there to
 * fail. A Sync may follow what only reads, for there is nothing to commit. Where no rule limits the rows of a
 * statement, and for clients that wait for answers, nothing waits here.
 */
import type { Judged } from '../gate/judge.ts';
import { CLIENT_TYPE } from '../wire/client/types.ts';
import { drain } from './holding.ts';
import type { SessionState } from './state.ts';

/** Must be called just before its reply is pushed. */
export function noteLimited(session: SessionState, judged: Judged, unsure: boolean): void {
  if (!judged.rowLimited && !unsure) return;
  const reads = judged.statements.every((s) => s.actions.every(({ action }) => ONLY_READS.has(action)));
  session.limited = { order: session.replies.pushed, reads };
}

/** What a message of this type has to wait for; undefined for nothing. */
export function inTurn(session: SessionState, type: number): Promise<void> | undefined {
  const { limited, replies } = session;
  if (limited === null) return undefined;
  if (limited.order < replies.answered) {
    session.limited = null;
    return undefined;
  }
  // A COPY in that message waits for the client, which then sends nothing that could run.
  if (session.copyIn !== 'none') return undefined;
  if (PASSING.has(type) || (type === CLIENT_TYPE.sync && limited.reads)) return undefined;
  return drain(session);
}

const ONLY_READS: ReadonlySet<string> = new Set(['read', 'export', 'session']);

/** They run nothing; COPY data may be what the answer waits for. */
const PASSING: ReadonlySet<number> = new Set([
  CLIENT_TYPE.flush,
  CLIENT_TYPE.terminate,
  CLIENT_TYPE.copyData,
  CLIENT_TYPE.copyDone,
  CLIENT_TYPE.copyFail,
]);
