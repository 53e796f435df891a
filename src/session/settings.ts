/**
 * Settings that statements are judged under, and that no session may change by any road: the parser reads
 * text as UTF-8 with standard-conforming strings, and a server that read it otherwise would run something
 * else than was judged.
 */
import type { Statement } from '../sql/statement.ts';

/** What the upstream must report for the session to go on. Source: design, "Pinned settings". */
export const PINNED: ReadonlyMap<string, string> = new Map([
  ['client_encoding', 'UTF8'],
  ['standard_conforming_strings', 'on'],
]);

/** The pinned setting a statement would change to something else, or null. */
export function pinnedViolation(statements: readonly Statement[]): string | null {
  for (const statement of statements) {
    for (const { name, value } of statement.settings) {
      if (!keepsPin(name, value)) return name;
    }
  }
  return null;
}

/** Whether setting `name` to `value` leaves it as pinned; null is a reset to what Postern set at start-up. */
export function keepsPin(name: string, value: string | null): boolean {
  if (!PINNED.has(name.toLowerCase()) || value === null) return true;
  const plain = value.toLowerCase();
  // pg_char_to_encoding ignores everything but letters and digits.
  if (name.toLowerCase() === 'client_encoding')
    return ['utf8', 'unicode'].includes(plain.replaceAll(/[^a-z0-9]/g, ''));
  return ['on', 'true', 'yes', '1', 't', 'tr', 'tru', 'y', 'ye'].includes(plain.trim());
}
