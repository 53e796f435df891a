/** Why an agent says it sends a statement. */
import { withoutDeceptive } from './display.ts';
import { MAX_REASON_LENGTH } from './limits.ts';
import { TOKEN, tokensOf } from './tokens.ts';

const REASON = /^\/\*\s*reason\s*:([\s\S]*)\*\/$/i;

/**
 * The words of the first block comment that begins with `reason:`, without characters that deceive, cut at
 * `MAX_REASON_LENGTH`. Null where there is none; a string literal that looks like one is none.
 */
export function statedReason(text: string): string | null {
  if (!/\/\*\s*reason\s*:/i.test(text)) return null;
  for (const token of tokensOf(text) ?? []) {
    const match = token.type === TOKEN.C_COMMENT ? REASON.exec(token.text) : null;
    if (match === null) continue;
    const words = withoutDeceptive((match[1] ?? '').replaceAll(/\s+/g, ' ')).trim();
    return words === '' ? null : words.slice(0, MAX_REASON_LENGTH).toWellFormed();
  }
  return null;
}
