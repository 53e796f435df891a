/**
 * Visibility for one execution: while `postern.unmask` is set, the next statement that touches those columns
 * becomes a request to see them.
 *
 * Invariants: what is approved is one text with its parameters and these columns (I4), and only its own rows
 * are planned by the masks that are left (I3): the masks travel with the one reply they are for, never with a
 * name that could be used again. So only what runs by itself and leaves nothing behind can be shown: no
 * cursors, prepared names, writes or calls that carry a value elsewhere. Non-goal: who may see what (rules).
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import { readColumns } from '../policy/column-list.ts';
import { shownColumns } from '../policy/shown.ts';
import { OWN } from './own-settings.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';

/**
 * The statement as a request for visibility; null where it is none.
 * @throws PosternError `unmask-not-possible`
 */
export function showing(session: SessionState, judged: Judged): Judged | null {
  const said = session.settings.get(OWN.unmask);
  if (said === null || judged.judgement.verdict === 'deny') return null;
  if (judged.judgement.statements.every((s) => s.maskedColumns.length === 0)) return null;
  const found = shownColumns(readColumns(said) ?? [], judged.snapshot);
  if (found.kind === 'unknown') throw notShown(`${found.name}: ${found.why}`);
  const asked = session.parts.gate.judge.judgeShowing(judged.text, inTransaction(session), found.columns);
  if (!touches(judged, asked)) return null;
  const why = obstacle(session, judged);
  if (why !== null) throw notShown(why);
  if (asked.judgement.verdict === 'deny') throw session.parts.gate.refusal(asked);
  return asked;
}

/** As `asked`, under the rules and the catalog at the moment it is sent. */
export function shownNow(session: SessionState, asked: Judged): Judged {
  return session.parts.gate.judge.again(asked, inTransaction(session));
}

/** What is shown in the rows that answer this; null where nothing is. */
export function shownTo(head: Reply): Judged | null {
  if (head.kind === 'query') return head.judged.shown === undefined ? null : head.judged;
  return head.kind === 'describe' || head.kind === 'execute' ? (head.portal?.shown ?? null) : null;
}

export function notShown(reason: string): PosternError {
  return new PosternError('unmask-not-possible', { reason });
}

/** Showing the columns leaves fewer masked ones in its reach. */
function touches(judged: Judged, asked: Judged): boolean {
  return judged.judgement.statements.some(
    (s, i) => (asked.judgement.statements[i]?.maskedColumns.length ?? 0) < s.maskedColumns.length,
  );
}

/** Why the rows of this message cannot be shown to nothing but this one execution. */
export function obstacle(session: SessionState, { statements, refersToNames, scope }: Judged): string | null {
  const [statement, ...others] = statements;
  if (statement === undefined || others.length > 0 || refersToNames)
    return 'it must be one statement, not a cursor, a prepared name or several in one message';
  const plain = statement.command === 'select' && statement.effect.kind === 'none';
  if (!plain && statement.effect.kind !== 'copy-out') return 'it must be a SELECT or COPY ... TO STDOUT';
  if (
    statement.actions.some((a) => a.action !== 'read' && a.action !== 'export') ||
    statement.sinks.length > 0
  )
    return 'it must do nothing but read, and carry no value elsewhere';
  if (scope === 'opaque')
    return 'it calls functions nobody vouched for, which could keep what they are given';
  if (session.dirty) return 'this transaction has changed what names mean';
  return null;
}

function inTransaction(session: SessionState): boolean {
  return session.transaction !== 'I' || session.implicitWork;
}
