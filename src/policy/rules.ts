/**
 * The rules in force, as values: what `rules.yaml` says after validation. `config/` makes them, `policy/`
 * applies them. A version is the SHA-256 of the file's bytes, so an approval can be bound to it.
 */
import type { Action } from '../sql/statement.ts';

export type Verdict = 'allow' | 'hold' | 'deny';

export const DATE_UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour'] as const;
export type DateUnit = (typeof DATE_UNITS)[number];

/** One step into a JSON value: `.name`, `.*` (any member of an object), `[*]` (any element of an array). */
export type JsonStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'members' }
  | { readonly kind: 'elements' };
/** From the whole value down; never empty. */
export type JsonPath = readonly JsonStep[];

export const JSON_MASKS = ['null', 'redact', 'hash'] as const;
export type JsonMask = (typeof JSON_MASKS)[number];

/** What can be found inside a text. */
export const DETECTORS = [
  'email',
  'payment-card',
  'us-ssn',
  'iban',
  'phone',
  'api-key',
  'jwt',
  'private-key',
] as const;
export type Detector = (typeof DETECTORS)[number];

/** What stands in place of a finding; `label` is the detector's name in brackets. */
export type FindingMask =
  | { readonly kind: 'redact' }
  | { readonly kind: 'label' }
  | { readonly kind: 'hash' }
  | { readonly kind: 'partial'; readonly keepFirst: number; readonly keepLast: number };

/** A masking function with its arguments: what is written under `with:`, and under `detect:` beside it. */
export type MaskFunction =
  | { readonly kind: 'null' }
  | { readonly kind: 'redact' }
  | { readonly kind: 'partial'; readonly keepFirst: number; readonly keepLast: number }
  | { readonly kind: 'hash' }
  | { readonly kind: 'email' }
  | { readonly kind: 'digits' }
  | { readonly kind: 'number'; readonly roundTo: number }
  | { readonly kind: 'date'; readonly truncate: DateUnit }
  | { readonly kind: 'json'; readonly paths: readonly JsonPath[]; readonly with: JsonMask }
  | { readonly kind: 'detect'; readonly detectors: readonly Detector[]; readonly with: FindingMask };

/** `schema.table.column`, each part a name or `*`; a missing leading part is `*`. */
export type ColumnPattern = { readonly schema: string; readonly table: string; readonly column: string };

/** `schema.name`, each part a name or a pattern; a missing schema is `*`. */
export type FunctionPattern = { readonly schema: string; readonly name: string };

/** What the rules vouch for without it being read. */
export type Trust = { readonly functions: readonly FunctionPattern[] };

export type Audience = { readonly agents: readonly string[]; readonly groups: readonly string[] };

/** Ways in which a masked column may decide which rows come back. */
export const SEARCHES = ['join', 'group', 'equality', 'range', 'order', 'branch'] as const;
export type Search = (typeof SEARCHES)[number];

export type MaskRule = {
  readonly name: string;
  readonly columns: readonly ColumnPattern[];
  readonly with: MaskFunction;
  readonly searchable: readonly Search[];
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
  /** The agent asks to see one of these masked columns. */
  readonly unmask?: readonly ColumnPattern[];
  /** One statement has given this many rows, and there are more. */
  readonly rowsOver?: number;
  /** The agent has got this many rows within an hour, of statements that fit the rest, and there are more. */
  readonly rowsPerHourOver?: number;
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
  /** Who else may meet this rule's demand once a request is undecided for so long; null or absent: nobody. */
  readonly escalate?: { readonly afterMs: number; readonly to: readonly string[] } | null;
  /** `return`: an error at once in place of a wait, whatever the agent set. */
  readonly mode?: 'wait' | 'return';
  /** How long the session waits; the request may outlive the wait. Absent: as long as it is open. */
  readonly waitMs?: number;
  /** A hold without a stated reason is refused at once. */
  readonly requireReason?: boolean;
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
  'influence',
  'unmask',
] as const;
export type DefaultKey = (typeof DEFAULT_KEYS)[number];

export type RuleSet = {
  readonly version: string;
  readonly masks: readonly MaskRule[];
  readonly rules: readonly Rule[];
  readonly defaults: Readonly<Record<DefaultKey, Verdict>>;
  /** Absent counts as nothing. */
  readonly trust?: Trust;
  /** Groups whose approvers may see a held statement with its literals; none where left out. */
  readonly reveal?: readonly string[];
};
