/** Texts with other literals in them. */
import type { Shape } from '../../src/sql/shape.ts';

/** What an attacker or a mask would write, quotes included. */
const STRINGS = [
  "''",
  "'x'",
  "'****'",
  "'it''s'",
  "'%'",
  "'x%'",
  "'customers'",
  "'; drop -- /* '",
  "'a@b.c'",
  "'$1'",
];
const NUMBERS = ['0', '1', '2', '7', '42', '999999999', '007'];

/** The text with each literal replaced by the n-th other of its kind. */
export function withOthers({ key }: Shape, n: number): string {
  let at = n;
  return key.replaceAll(/[\uE000\uE001]/g, (kind) => {
    const others = kind === '\uE000' ? STRINGS : NUMBERS;
    return others[at++ % others.length] ?? '';
  });
}

/** The text with all its literals of one kind the same, the n-th other. */
export function withTheSame({ key }: Shape, n: number): string {
  return key.replaceAll(/[\uE000\uE001]/g, (kind) => {
    const others = kind === '\uE000' ? STRINGS : NUMBERS;
    return others[n % others.length] ?? '';
  });
}

/** How many texts of one shape are tried in place of each. */
export const OTHERS = Math.max(STRINGS.length, NUMBERS.length);
