/** Statements for people: the text without literals and comments. Computed only when it is shown. */
import { markDeceptive } from './display.ts';
import { TOKEN, tokensOf } from './tokens.ts';

/** Stands for a text that cannot be scanned, and so cannot be told apart from its literals. */
export const UNREADABLE_TEXT = '<statement that cannot be read>';

const LITERALS: ReadonlySet<number> = new Set([
  TOKEN.FCONST,
  TOKEN.SCONST,
  TOKEN.USCONST,
  TOKEN.BCONST,
  TOKEN.XCONST,
  TOKEN.ICONST,
]);

/**
 * Every literal as `?`, no comments, white space collapsed, deceptive characters in names marked. Bodies of
 * DO and CREATE FUNCTION, passwords and settings in quotes are string literals, so they go too.
 */
export function withoutLiterals(text: string): string {
  const tokens = tokensOf(text);
  if (tokens === null) return UNREADABLE_TEXT;
  let out = '';
  let end = 0;
  for (const token of tokens) {
    if (token.type === TOKEN.SQL_COMMENT || token.type === TOKEN.C_COMMENT) continue;
    if (out !== '' && token.start > end) out += ' ';
    out += LITERALS.has(token.type) ? '?' : markDeceptive(token.text);
    end = token.end;
  }
  return out;
}
