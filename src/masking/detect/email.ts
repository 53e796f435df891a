import { byteAt, isAlphanumeric, isLetter } from './characters.ts';
import type { Finder } from './findings.ts';

const AT = 0x40;
const DOT = 0x2e;
const DASH = 0x2d;
const UNDERSCORE = 0x5f;
const QUOTE = 0x22;
/** What RFC 5322 lets stand in a local part beside letters and digits (atext, section 3.2.3), and dots. */
const LOCAL = new Set(Buffer.from("!#$%&'*+-/=?^_`{|}~.", 'latin1'));

/**
 * Mail addresses: a local part (also quoted, also in other scripts), `@`, and a host name with a dot whose
 * last label begins with two letters. Too long a local part is taken whole rather than left. Each byte is
 * looked at by the `@` before it and the one after it only, so time is linear.
 */
export const findEmails: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (src[at] !== AT) continue;
    const to = hostEnd(src, at + 1, end);
    if (to < 0) continue;
    const from = localStart(src, at, start);
    if (from < at) found.add(from, to, 'email');
  }
};

function localStart(src: Buffer, at: number, start: number): number {
  let from = at;
  if (byteAt(src, at - 1, start, at) === QUOTE) {
    for (from = at - 2; from >= start && src[from] !== QUOTE && src[from] !== AT; from--);
    return byteAt(src, from, start, at) === QUOTE ? from : from + 1;
  }
  while (from > start && isLocal(src[from - 1]!)) from--;
  return from;
}

function isLocal(byte: number): boolean {
  return byte >= 0x80 || isAlphanumeric(byte) || LOCAL.has(byte);
}

/** The end of the longest host name at `start`, or −1 where there is none. */
function hostEnd(src: Buffer, start: number, end: number): number {
  let to = -1;
  let label = start;
  let dots = 0;
  for (let i = start; ; i++) {
    const byte = byteAt(src, i, start, end);
    if (byte !== undefined && (byte >= 0x80 || isAlphanumeric(byte) || byte === DASH || byte === UNDERSCORE))
      continue;
    if (i === label) return to;
    if (dots > 0 && isTopLevel(src, label, i)) to = i;
    if (byte !== DOT) return to;
    dots++;
    label = i + 1;
  }
}

/** `com`, `xn--p1ai`, `рф`: not `1` or `x`, so that versions (`pkg@1.2`) are left. */
function isTopLevel(src: Buffer, start: number, end: number): boolean {
  return end - start >= 2 && isLetterLike(src[start]!) && isLetterLike(src[start + 1]!);
}

function isLetterLike(byte: number): boolean {
  return byte >= 0x80 || isLetter(byte);
}
