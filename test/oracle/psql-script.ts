/**
 * The statements of a script for psql, one by one. What is psql's own is left out: its commands, data of COPY,
 * and statements with its variables in them.
 */
import { tokensOf } from '../../src/sql/tokens.ts';

export function statementsOf(script: string): readonly string[] {
  const statements: string[] = [];
  for (const piece of pieces(script)) {
    const tokens = tokensOf(piece);
    // a piece that cannot be scanned is tried whole, and refused by the server
    if (tokens === null) statements.push(piece);
    else statements.push(...split(piece, tokens));
  }
  return statements.map((one) => one.trim()).filter((one) => one !== '');
}

/** Between lines that are psql's. A piece ends where a statement does at the end of a line. */
function* pieces(script: string): Generator<string> {
  let piece: string[] = [];
  let data = false;
  for (const line of script.split('\n')) {
    if (data) {
      data = line !== '\\.';
      continue;
    }
    if (/^\s*\\/.test(line)) continue;
    const sql = line.replace(/\s\\g\w*.*$/, ';').replace(/\\;/g, ';');
    piece.push(sql);
    if (/\bfrom\s+stdin\b.*;\s*$/i.test(sql)) {
      data = true;
      piece.pop();
    }
    if (/;\s*(--.*)?$/.test(sql) && isWhole(piece.join('\n'))) {
      yield piece.join('\n');
      piece = [];
    }
  }
  yield piece.join('\n');
}

/** No string, comment or parenthesis is left open. */
function isWhole(text: string): boolean {
  const tokens = tokensOf(text);
  return tokens !== null && depthOf(tokens) <= 0;
}

function depthOf(tokens: readonly { readonly text: string }[]): number {
  let depth = 0;
  for (const { text } of tokens) depth += text === '(' ? 1 : text === ')' ? -1 : 0;
  return depth;
}

function split(
  text: string,
  tokens: readonly { readonly text: string; readonly start: number; readonly end: number }[],
): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (const token of tokens) {
    if (token.text === '(') depth++;
    if (token.text === ')') depth--;
    if (token.text !== ';' || depth > 0) continue;
    found.push(text.slice(from, token.start));
    from = token.end;
  }
  found.push(text.slice(from));
  return found;
}
