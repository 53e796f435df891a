import { JWT_HEADER_BYTES } from '../limits.ts';
import { isTokenByte } from './characters.ts';
import type { Finder } from './findings.ts';

const DOT = 0x2e;
const LETTER_E = 0x65;
/** `{"` in base64url: how every library writes a header's beginning. */
const BRACE_QUOTE = Buffer.from('eyJ', 'latin1');

/**
 * JSON Web Tokens (RFC 7519): three or more base64url parts with dots between (five when encrypted, the last
 * perhaps empty), the first of which is a JSON object. Each run of characters is looked at once as a first
 * part, so time is linear.
 */
export const findJwts: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (!isTokenByte(src[at])) continue;
    const first = runEnd(src, at, end);
    const header = src[first] === DOT && first < end ? headerStart(src, at, first) : -1;
    if (header >= 0) {
      const to = tokenEnd(src, first, end);
      if (to > 0) {
        found.add(header, to, 'jwt');
        at = to;
        continue;
      }
    }
    at = first;
  }
};

function runEnd(src: Buffer, start: number, end: number): number {
  let to = start;
  while (to < end && isTokenByte(src[to])) to++;
  return to;
}

/** Where a JSON header begins in the run; −1 where there is none. */
function headerStart(src: Buffer, start: number, end: number): number {
  if (src[start] === LETTER_E && isObject(src, start, end)) return start;
  for (let i = start; i + BRACE_QUOTE.length <= end; i++) {
    if (src[i] === BRACE_QUOTE[0] && src[i + 1] === BRACE_QUOTE[1] && src[i + 2] === BRACE_QUOTE[2]) return i;
  }
  return -1;
}

function isObject(src: Buffer, start: number, end: number): boolean {
  if (end - start > JWT_HEADER_BYTES) return true;
  const text = Buffer.from(src.toString('latin1', start, end), 'base64url')
    .toString('utf8')
    .trim();
  // most words that begin with an e end here, before a costly exception
  if (!text.startsWith('{') || !text.endsWith('}')) return false;
  try {
    const header: unknown = JSON.parse(text);
    return typeof header === 'object' && header !== null && !Array.isArray(header);
  } catch {
    return false;
  }
}

/** After the last part; −1 where a payload is missing. `dot`: the one after the header. */
function tokenEnd(src: Buffer, dot: number, end: number): number {
  let to = dot;
  let parts = 1;
  while (to < end && src[to] === DOT) {
    const next = runEnd(src, to + 1, end);
    if (parts === 1 && next === to + 1) return -1;
    to = next;
    parts++;
  }
  return parts >= 3 ? to : -1;
}
