import type { Finder } from './findings.ts';

const DASH = 0x2d;
const BEGIN = Buffer.from('-----BEGIN ', 'latin1');
const END = Buffer.from('-----END ', 'latin1');
const KEY = Buffer.from('PRIVATE KEY', 'latin1');
const RULE = Buffer.from('-----', 'latin1');
/** `ENCRYPTED `, `RSA `, `OPENSSH `, `PGP ` before it, ` BLOCK` behind it. */
const MAX_LABEL_BYTES = 64;

/**
 * Private keys in PEM (RFC 7468) and PGP armour, from the line that begins them to the one that ends them,
 * or to the end of the text where that is missing: half a key may be enough of one.
 */
export const findPrivateKeys: Finder = (src, start, end, found) => {
  let at = start;
  while (at < end) {
    const body = src[at] === DASH ? labelEnd(BEGIN, src, at, end) : -1;
    if (body < 0) {
      at++;
      continue;
    }
    const from = at;
    at = body;
    let close = -1;
    while (at < end && close < 0) {
      close = src[at] === DASH ? labelEnd(END, src, at, end) : -1;
      at++;
    }
    if (close >= 0) at = close;
    found.add(from, at, 'private-key');
  }
};

/** After `-----BEGIN … PRIVATE KEY…-----` at `at`, or −1 where that does not stand there. */
function labelEnd(opening: Buffer, src: Buffer, at: number, end: number): number {
  if (!standsAt(opening, src, at, end)) return -1;
  const last = Math.min(end, at + opening.length + MAX_LABEL_BYTES);
  let named = false;
  for (let i = at + opening.length; i < last; i++) {
    if (src[i] === KEY[0] && standsAt(KEY, src, i, end)) named = true;
    if (src[i] === DASH) return named && standsAt(RULE, src, i, end) ? i + RULE.length : -1;
  }
  return -1;
}

function standsAt(text: Buffer, src: Buffer, at: number, end: number): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (src[at + i] !== text[i]) return false;
  return true;
}
