/** What a statement does to the session's names and settings once it is sent, and how to take it back. */
import type { Statement } from '../sql/statement.ts';
import { SESSION_LIMITS } from './limits.ts';
import type { Undo } from './replies.ts';
import type { SessionState } from './state.ts';

/** @throws PosternError `limit-exceeded` when there are too many names */
export function applyEffects(session: SessionState, statements: readonly Statement[]): Undo {
  const undos: (() => void)[] = [];
  for (const statement of statements) {
    const undo = applyEffect(session, statement);
    if (undo !== null) undos.push(undo);
  }
  if (undos.length === 0) return null;
  return () => {
    for (const undo of undos.reverse()) undo();
  };
}

function applyEffect(session: SessionState, { effect }: Statement): Undo {
  const { names } = session;
  switch (effect.kind) {
    case 'prepare':
      return names.prepare(effect.name, effect.inner.text).undo;
    case 'deallocate':
      return names.forget(effect.name);
    case 'declare':
      return names.declare(effect.name, effect.inner.text);
    case 'close':
      return effect.name === null ? names.closeAll() : names.closePortal(effect.name);
    case 'discard':
      return discard(session, effect.what);
    case 'set':
      if (effect.name === 'postern.reason') {
        session.statedReason = effect.value === null ? null : effect.value.slice(0, SESSION_LIMITS.maxReasonChars);
      }
      return null;
    case 'none':
    case 'execute':
    case 'fetch':
    case 'transaction':
    case 'copy-out':
    case 'copy-in':
      return null;
  }
}

function discard(session: SessionState, what: 'all' | 'plans' | 'sequences' | 'temp'): Undo {
  if (what !== 'all') return null;
  const prepared = session.names.forget(null);
  const cursors = session.names.closeAll();
  return () => {
    prepared?.();
    cursors?.();
  };
}
