/**
 * EXECUTE and FETCH mean what their names mean now. The texts behind the names are joined to the message
 * and the whole is judged as one, so an EXECUTE acts as what it runs, and an approval of it is bound to
 * both texts.
 */
import { PosternError } from '../errors.ts';
import type { Judged } from '../gate/judge.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { OutputShows } from '../policy/outputs.ts';
import type { SessionState } from './state.ts';

export type Expanded = {
  readonly judged: Judged;
  /** Null: each statement's own. */ readonly scope: MaskScope | null;
  /** Of the rows of the one text that the one name in it stands for; null where there are more. */
  readonly shows: OutputShows;
  /** Its rows may be by other definitions than the catalog has now. */ readonly doubted: boolean;
};

/**
 * @throws PosternError `unknown-prepared-statement` for an EXECUTE of a name this session did not prepare
 */
export function expand(session: SessionState, judged: Judged): Expanded {
  if (!judged.refersToNames) return { judged, scope: null, shows: null, doubted: false };
  const prepared = new Map<string, string>();
  const cursors = new Map<string, string>();
  const texts: string[] = [];
  let opened = false;
  const { masks } = session.parts.gate.judge;
  for (const { effect } of judged.statements) {
    if (effect.kind === 'prepare') prepared.set(effect.name, effect.inner.text);
    if (effect.kind === 'declare') cursors.set(effect.name, effect.inner.text);
    if (effect.kind === 'fetch') {
      const made = cursors.get(effect.name);
      const known = session.names.meanings(effect.name);
      const meanings = made === undefined ? known : [made, ...known];
      texts.push(...meanings);
      // A cursor nobody declared in this session was opened by code: nothing is known of its rows.
      if (made === undefined ? session.names.unsure(effect.name, masks) : session.names.unseen) opened = true;
    }
    if (effect.kind === 'execute') {
      const known = session.names.prepared(effect.name);
      const text = prepared.get(effect.name) ?? known?.text;
      if (!prepared.has(effect.name) && known?.doubtful === true) opened = true;
      if (text === undefined) throw new PosternError('unknown-prepared-statement', { name: effect.name });
      texts.push(text);
    }
  }
  // Without a mask rule, what code opens shows no more than the code itself may.
  opened &&= masks.any;
  if (texts.length === 0) return { judged, scope: opened ? 'opaque' : null, shows: null, doubted: opened };
  const whole = session.judge(`${judged.text};\n${texts.join(';\n')}`);
  const alone = !opened && judged.statements.length === 1 && whole.statements.length === 2;
  const shows = alone ? (whole.judgement.statements[1]?.outputs ?? null) : null;
  return { judged: whole, scope: opened ? 'opaque' : whole.scope, shows, doubted: opened };
}

/**
 * The scope of a text by what the names in it mean now; of an EXECUTE of nothing the worst, since describing it is
 * no mistake yet.
 */
export function scopeNow(session: SessionState, text: string): MaskScope {
  try {
    const { judged, scope } = expand(session, session.judge(text));
    return scope ?? judged.scope;
  } catch (error) {
    if (error instanceof PosternError && error.code === 'unknown-prepared-statement') return 'opaque';
    throw error;
  }
}
