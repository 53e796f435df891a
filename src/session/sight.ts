/**
 * How far the judgement under which a message was sent still holds for what the server answers. The server
 * reads definitions when the message reaches it; Postern judged by a catalog read before that.
 *
 * Invariant (I2): where a definition may have been replaced in between, by this session or another, nothing is
 * vouched for but the columns of base tables. Non-goal: DDL that did not come through this Postern.
 */
import { widest, type Judged } from '../gate/judge.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { Prepared } from './names.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';

/** Whether what `head` answers may be by other definitions than the catalog in force has. */
export function doubted(session: SessionState, head: Reply): boolean {
  if (head.dirty !== false) return true;
  const { gate, catalog } = session.parts;
  const { masks } = gate.judge;
  if (!masks.any) return builtInsDoubted(session, head);
  // Rules with masks came into force while it was under way.
  if (head.under !== masks && session.dirty) return true;
  if ('portal' in head && head.portal !== null && isStale(head.portal.under, masks)) return true;
  if (preparedOf(head)?.doubtful === true) return true;
  const { changing } = session;
  const unsure = session.altered || catalog.unread.doubtful(changing);
  // What was replaced may be back by now, and the server may have run it meanwhile.
  const moved = head.moment !== catalog.unread.moment;
  if (head.under === masks && !unsure && !moved && !maybeFetch(head)) return false;
  const judged = judgedNow(session, head);
  if (judged === null) return false;
  if (judged.refersToNames && (head.under !== masks || fetchesUnsure(session, judged, masks))) return true;
  return (judged.bendable && unsure) || (judged.callsCode && moved);
}

/** Whether what makes `head` doubted, where no mask rule applies, is something that a reading of the catalog may clear up. */
export function mayBeSettled(session: SessionState, head: Reply): boolean {
  if (head.dirty !== false || session.parts.gate.judge.masks.any) return false;
  return builtInsDoubted(session, head);
}

/** Where no mask rule applies: whether a view that nobody has read yet may be over what built-in masks cover. */
function builtInsDoubted(session: SessionState, head: Reply): boolean {
  const { changing } = session;
  if (!session.parts.catalog.unread.doubtful(changing, 'masks')) return false;
  const judged = judgedNow(session, head);
  return judged !== null && (judged.bendable || judged.unknownRelations.length > 0);
}

/** The scope of what `head` answers: the wider of when it was sent and now. */
export function scopeOf(session: SessionState, head: Reply): MaskScope {
  if (doubted(session, head)) return 'opaque';
  const sent = scopeWhenSent(head);
  if (head.under === session.parts.gate.judge.masks) return sent;
  return widest(sent, judgedNow(session, head)?.scope ?? 'clean');
}

function scopeWhenSent(head: Reply): MaskScope {
  switch (head.kind) {
    case 'query':
      // Behind its last statement come the commit and what changed: of that, any may be the cause.
      return head.scope ?? head.judged.judgement.statements[head.index]?.scope ?? head.judged.scope;
    case 'parse':
    case 'bind':
    case 'describe':
    case 'execute':
      return head.scope;
    case 'close':
    case 'sync':
    case 'abort':
      return 'clean';
  }
}

function isStale(under: object | null, masks: object): boolean {
  return under !== null && under !== masks;
}

/** A portal's own FETCH: whether its cursor is what it was is asked again for each answer. */
function maybeFetch(head: Reply): boolean {
  return head.kind === 'describe' && head.prepared !== null;
}

function fetchesUnsure(session: SessionState, judged: Judged, masks: object): boolean {
  return judged.statements.some(
    ({ effect }) => effect.kind === 'fetch' && session.names.unsure(effect.name, masks),
  );
}

/** Null where it stands for no statement. */
function judgedNow(session: SessionState, head: Reply): Judged | null {
  switch (head.kind) {
    case 'query':
      return session.judge(head.judged.text);
    case 'parse':
    case 'describe':
    case 'bind':
    case 'execute': {
      const prepared = preparedOf(head);
      return prepared === null ? null : session.judge(prepared.text);
    }
    case 'close':
    case 'sync':
    case 'abort':
      return null;
  }
}

function preparedOf(head: Reply): Prepared | null {
  if ('prepared' in head) return head.prepared;
  return 'portal' in head && head.portal !== null ? head.portal.prepared : null;
}
