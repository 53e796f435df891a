/** Bytes of a terminal in raw mode → keys, by what xterm and those like it send. Pasted text is bracketed by it. */
import type { Key } from './live-state.ts';

const PASTE_BEGIN = '\u001b[200~';
const PASTE_END = '\u001b[201~';
const SIMPLE: Readonly<Record<string, Key>> = {
  '\u001b[A': { kind: 'up' },
  '\u001bOA': { kind: 'up' },
  '\u001b[B': { kind: 'down' },
  '\u001bOB': { kind: 'down' },
  '\r': { kind: 'enter' },
  '\n': { kind: 'enter' },
  '\u007f': { kind: 'backspace' },
  '\b': { kind: 'backspace' },
  '\u0003': { kind: 'interrupt' },
  '\u0004': { kind: 'interrupt' },
  '\u0015': { kind: 'clear' },
  '\u001b': { kind: 'escape' },
};
/** An escape sequence by ECMA-48 section 5.4, an SS3 key, or one character. */
// oxlint-disable-next-line no-control-regex
const TOKEN = /\u001b\[[0-?]*[ -/]*[@-~]|\u001bO.|[^]/gu;

export function makeKeyReader(): (chunk: string) => Key[] {
  let pasting = false;
  return (chunk) => {
    const keys: Key[] = [];
    for (const [token] of chunk.matchAll(TOKEN)) {
      if (token === PASTE_BEGIN || token === PASTE_END) {
        pasting = token === PASTE_BEGIN;
        continue;
      }
      const known = SIMPLE[token];
      if (pasting) {
        const text = known === undefined ? token : ' ';
        if (!token.startsWith('\u001b')) keys.push({ kind: 'text', text, pasted: true });
      } else if (known !== undefined) keys.push(known);
      else if (token >= ' ' && !token.startsWith('\u001b'))
        keys.push({ kind: 'text', text: token, pasted: false });
    }
    return keys;
  };
}
