import { byteAt, isAlphanumeric, isTokenByte } from './characters.ts';
import type { Finder } from './findings.ts';

/** Prefix and how many characters must follow at least: the issuers' own documentation of their formats. */
const PREFIXES: readonly (readonly [prefix: string, minChars: number])[] = [
  ['sk_live_', 16],
  ['sk_test_', 16],
  ['rk_live_', 16],
  ['rk_test_', 16],
  ['whsec_', 16],
  ['sk-', 20],
  ['AKIA', 16],
  ['ASIA', 16],
  ['AIza', 30],
  ['ya29.', 20],
  ['GOCSPX-', 20],
  ['ghp_', 30],
  ['gho_', 30],
  ['ghu_', 30],
  ['ghs_', 30],
  ['ghr_', 30],
  ['github_pat_', 30],
  ['glpat-', 16],
  ['xoxb-', 10],
  ['xoxp-', 10],
  ['xoxa-', 10],
  ['xoxr-', 10],
  ['xoxs-', 10],
  ['xoxe-', 10],
  ['xapp-', 10],
  ['npm_', 30],
  ['pypi-', 30],
  ['hf_', 30],
  ['SG.', 30],
  ['dop_v1_', 30],
  ['shpat_', 30],
  ['shpss_', 30],
  ['sq0csp-', 30],
  ['dckr_pat_', 20],
  ['hvs.', 20],
  ['lin_api_', 30],
  ['NRAK-', 20],
];

type Prefix = { readonly bytes: Buffer; readonly minChars: number };
const byFirst = new Map<number, Prefix[]>();
/** The same as a table, since nearly every byte of a text begins no prefix. */
const begins = new Uint8Array(256);
for (const [prefix, minChars] of PREFIXES) {
  const bytes = Buffer.from(prefix, 'latin1');
  const first = bytes[0]!;
  byFirst.set(first, [...(byFirst.get(first) ?? []), { bytes, minChars }]);
  begins[first] = 1;
}

/**
 * Keys by the prefix that their issuer gives them, where no letter or digit stands before, and all that may
 * belong to a key after it. A found key ends the look for others inside it, so time is linear.
 */
export const findApiKeys: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (begins[src[at]!] === 0 || isAlphanumeric(byteAt(src, at - 1, start, end))) continue;
    for (const { bytes, minChars } of byFirst.get(src[at]!) ?? []) {
      if (!standsAt(bytes, src, at, end)) continue;
      const to = keyEnd(src, at + bytes.length, end);
      if (to - at - bytes.length < minChars) continue;
      found.add(at, to, 'api-key');
      at = to - 1;
      break;
    }
  }
};

function standsAt(prefix: Buffer, src: Buffer, at: number, end: number): boolean {
  if (at + prefix.length > end) return false;
  for (let i = 0; i < prefix.length; i++) if (src[at + i] !== prefix[i]) return false;
  return true;
}

/** Base64, base64url and the dots between parts. */
function keyEnd(src: Buffer, start: number, end: number): number {
  let to = start;
  while (to < end && (isTokenByte(src[to]) || isKeyMark(src[to]!))) to++;
  // a sentence's dot is none of the key's
  while (to > start && src[to - 1] === 0x2e) to--;
  return to;
}

function isKeyMark(byte: number): boolean {
  return byte === 0x2e || byte === 0x2b || byte === 0x2f || byte === 0x3d;
}
