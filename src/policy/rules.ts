/**
 * The rules in force, as values: what `rules.yaml` says after validation. `config/` makes them, `policy/`
 * applies them. A version is the SHA-256 of the file's bytes, so an approval can be bound to it.
 */
import type { Action } from '../sql/statement.ts';

export type Verdict = 'allow' | 'hold' | 'deny';

/** A masking function with its arguments, as written under `with:`. */
export type MaskFunction =
  | { readonly kind: 'null' }
  | { readonly kind: 'redact' }
  | { readonly kind: 'partial'; readonly keepFirst: number; readonly keepLast: number }
  | { readonly kind: 'hash' }
  | { readonly kind: 'email' };

/** `schema.table.column`, each part a name or `*`; a missing leading part is `*`. */
export type ColumnPattern = { readonly schema: string; readonly table: string; readonly column: string };

export type Audience = { readonly agents: readonly string[]; readonly groups: readonly string[] };

export type MaskRule = {
  readonly name: string;
  readonly columns: readonly ColumnPattern[];
  readonly with: MaskFunction;
  readonly visibleTo: Audience;
};

export type RuleCondition = {
  readonly agent?: readonly string[];
  readonly group?: readonly string[];
  readonly database?: readonly string[];
  readonly environment?: readonly string[];
  readonly action?: readonly Action[];
  readonly destructive?: boolean;
  readonly command?: readonly string[];
  /** `schema.table` patterns, `*` allowed per part. */
  readonly relation?: readonly { readonly schema: string; readonly table: string }[];
  readonly inTransaction?: boolean;
};

export type Rule = {
  readonly name: string;
  readonly when: RuleCondition;
  readonly then: Verdict;
  /** Groups whose members may approve; empty: every approver. */
  readonly approvers: readonly string[];
  /** Distinct people who must approve. */
  readonly quorum: number;
  /** How long a request stays open, and so how long a held statement waits. */
  readonly expiresMs: number;
};

export const DEFAULT_KEYS = [
  'read',
  'write',
  'destructive',
  'export',
  'ddl',
  'privilege',
  'code',
  'config',
  'session',
  'unknown',
  'laundering',
] as const;
export type DefaultKey = (typeof DEFAULT_KEYS)[number];

export type RuleSet = {
  readonly version: string;
  readonly masks: readonly MaskRule[];
  readonly rules: readonly Rule[];
  readonly defaults: Readonly<Record<DefaultKey, Verdict>>;
};
