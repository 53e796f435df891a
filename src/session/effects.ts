/** What a statement does to the session's names and settings once it is sent, and how to take it back. */
import type { Statement } from '../sql/statement.ts';
import type { Undo } from './names.ts';
import type { SessionState } from './state.ts';

/** @throws PosternError `limit-exceeded` when there are too many names */
export function applyEffects(session: SessionState, statements: readonly Statement[]): Undo {
  const undos: NonNullable<Undo>[] = [];
  const undoAll = (): void => {
    for (const undo of undos.toReversed()) undo();
  };
  try {
    for (const statement of statements) {
      session.settings.apply(statement);
      const undo = applyEffect(session, statement);
      if (undo !== null) undos.push(undo);
    }
  } catch (error) {
    // Nothing was sent, so nothing may have changed.
    undoAll();
    throw error;
  }
  return undos.length === 0 ? null : undoAll;
}

/** Whether a statement uses or changes prepared names by SQL, which needs every name settled. */
export function touchesPrepared(statements: readonly Statement[]): boolean {
  return statements.some(({ effect }) => PREPARED_EFFECTS.has(effect.kind));
}

const PREPARED_EFFECTS: ReadonlySet<string> = new Set(['prepare', 'execute', 'deallocate', 'discard']);

function applyEffect(session: SessionState, { effect, text }: Statement): Undo {
  const { names } = session;
  switch (effect.kind) {
    case 'prepare':
      return names.prepareBySql(effect.name, effect.inner.text, session.sent());
    case 'deallocate':
      return names.forget(effect.name);
    case 'declare':
      // Any mention of HOLD will do: a cursor taken for one that lives on is only remembered longer.
      names.declare(
        effect.name,
        effect.inner.text,
        /hold/i.test(text),
        session.bendsUnder(effect.inner.text),
      );
      return () => names.doubtCursor(effect.name);
    case 'close':
      names.closeCursor(effect.name);
      return null;
    case 'discard':
      return discard(session, effect.what);
    case 'set':
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
  session.names.closeCursor(null);
  return session.names.forget(null);
}
