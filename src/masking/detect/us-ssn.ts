import { beginsNumber, isDigit, skipGap } from './characters.ts';
import type { Finder } from './findings.ts';

const ZERO = 0x30;
const GROUPS = [3, 2, 4] as const;

/**
 * US social security numbers: three, two and four digits, with spaces or dashes between or without, and no
 * digit beside them. Numbers that are never given (areas 000, 666 and 900 up, group 00, serial 0000; SSA,
 * POMS RM 10201.035) are left.
 */
export const findSsns: Finder = (src, start, end, found) => {
  for (let at = start; at < end; at++) {
    if (!beginsNumber(src, at, start)) continue;
    const to = ssnEnd(src, at, end);
    if (to > at) found.add(at, to, 'us-ssn');
  }
};

function ssnEnd(src: Buffer, at: number, end: number): number {
  let i = at;
  for (let group = 0; group < GROUPS.length; group++) {
    let value = 0;
    for (let left = GROUPS[group]!; left > 0; left--, i++) {
      if (i >= end || !isDigit(src[i])) return -1;
      value = value * 10 + src[i]! - ZERO;
    }
    if (value === 0 || (group === 0 && (value === 666 || value >= 900))) return -1;
    if (group < GROUPS.length - 1) i = skipGap(src, i, end);
  }
  return i < end && isDigit(src[i]) ? -1 : i;
}
