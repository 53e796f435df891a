/**
 * Keeps the catalog true under a session: DDL that went by makes it stale, and a name it does not know
 * makes it worth one more look. Uncommitted DDL is seen by nobody else, so until the transaction ends the
 * session is `dirty` and only base tables are vouched for.
 */
import type { Judged } from '../gate/judge.ts';
import { drain } from './holding.ts';
import type { SessionState } from './state.ts';

/**
 * Waits, only when there is a reason to, until the catalog shows what this session has committed, and what others
 * have that the statement may be about. Open DDL of anybody can lock the reading out: then doubt remains, which
 * masks, and the session goes on, for it may be the one to end that transaction.
 */
export async function settleCatalog(session: SessionState, judged: Judged): Promise<void> {
  const { catalog } = session.parts;
  if (session.staleFor(judged)) {
    await drain(session);
    if (session.transaction !== 'I' || session.implicitWork) return;
    if (!(await isReadAgain(session))) return;
    session.alteredNoMore();
    return;
  }
  if (session.unsettledFor(judged)) await isReadAgain(session);
  else if (asksForMore(session, judged) && catalog.mayLookAgain()) await catalog.refresh();
}

/** A name nobody knows is looked for only where knowing it could change anything. */
function asksForMore({ parts }: SessionState, judged: Judged): boolean {
  if (judged.unknownRelations.length === 0) return false;
  if (judged.changesCatalog && judged.alters === 'unknown' && judged.statements.length === 1) return false;
  return judged.judgement.verdict !== 'allow' || parts.gate.judge.needsCatalog;
}

/** A transaction may end in the middle of a message, and another begin before ReadyForQuery. */
export function noteCompletion(session: SessionState, { buffer, start, end }: Completion): void {
  if (COMMITTING.test(buffer.toString('latin1', start + TAG_AT, end))) session.mayHaveCommitted();
}

/** A CommandComplete where it lies. */
type Completion = { readonly buffer: Buffer; readonly start: number; readonly end: number };
/** Behind the type byte and the length. */
const TAG_AT = 5;
/** Tags of commands that commit, or run code that can. */
const COMMITTING = /^(COMMIT|CALL|DO)\b/;

function isReadAgain({ parts }: SessionState): Promise<boolean> {
  return parts.catalog.refresh().then(
    () => true,
    () => false,
  );
}
