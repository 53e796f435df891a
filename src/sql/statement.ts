/**
 * What Postern understands of one SQL statement: a value without behaviour, made by `analyze`, read by
 * `policy`, `masking` and `session`. Names are as PostgreSQL would store them: folded and cut at 63 bytes.
 */
import type { Node } from './tree.ts';

export const ACTIONS = [
  'read',
  'export',
  'write',
  'ddl',
  'privilege',
  'code',
  'config',
  'session',
  'unknown',
] as const;
export type Action = (typeof ACTIONS)[number];

/** One thing a statement does, and the words that say why we think so. */
export type ActionFinding = {
  readonly action: Action;
  /** TRUNCATE, or UPDATE/DELETE with no WHERE that restricts. Only ever set beside `write`. */
  readonly destructive: boolean;
  /** Lower-case command, as rules.yaml names it: `drop table`, `copy to`, `delete`, `grant`, … */
  readonly command: string;
  /** A phrase for people, free of literals: "COPY customers TO STDOUT sends a relation out". */
  readonly reason: string;
};

/** A relation as it is written; `schema: null` stands for every relation of that name. */
export type RelationRef = {
  readonly schema: string | null;
  readonly name: string;
  readonly access: 'read' | 'write';
};

/** A function, operator or type as it is written. */
export type NameRef = {
  readonly schema: string | null;
  readonly name: string;
  /** It is syntax to the newest grammar: only an older server takes it for a name, and only for one that people made. */
  readonly syntax?: true;
};

export type CopyOptions = {
  readonly format: 'text' | 'csv' | 'binary';
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly nullText: string;
  readonly header: boolean;
  /** Columns that CSV quotes always: names, `'*'` for all, `[]` for none. */
  readonly forceQuote: readonly string[] | '*';
  /** COPY's own ENCODING option, which overrides client_encoding for the data; absent or null without one. */
  readonly encoding?: string | null;
};

export type CopyOutSource =
  | { readonly kind: 'table'; readonly relation: RelationRef; readonly columns: readonly string[] | null }
  /** `text` is the query between COPY's own parentheses, as written. */
  | { readonly kind: 'query'; readonly text: string };

/** What a statement does to the session's own state: names, settings, transactions, COPY mode. */
export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'prepare'; readonly name: string; readonly inner: Statement }
  | { readonly kind: 'execute'; readonly name: string }
  | { readonly kind: 'deallocate'; readonly name: string | null }
  | { readonly kind: 'declare'; readonly name: string; readonly inner: Statement }
  | { readonly kind: 'fetch'; readonly name: string }
  | { readonly kind: 'close'; readonly name: string | null }
  | { readonly kind: 'discard'; readonly what: 'all' | 'plans' | 'sequences' | 'temp' }
  /** `value: null` is `SET x TO DEFAULT` or `RESET x`; `name: 'all'` with null is `RESET ALL`. */
  | { readonly kind: 'set'; readonly name: string; readonly value: string | null; readonly local: boolean }
  | { readonly kind: 'transaction'; readonly verb: string; readonly savepoint?: string }
  | { readonly kind: 'copy-out'; readonly options: CopyOptions; readonly source: CopyOutSource }
  | { readonly kind: 'copy-in' };

/**
 * A setting changed by `SET`, `RESET` or `set_config` with a constant name. `value: null` is the default, or
 * a value that is not known before execution (`known` tells the two apart).
 */
export type SettingTouched = {
  readonly name: string;
  readonly value: string | null;
  readonly known: boolean;
  /** It ends with the transaction. */
  readonly local?: true;
};

export type Statement = {
  /** The statement's own text, cut out of the message (without the separating semicolon). */
  readonly text: string;
  /** The outermost command, lower case: `select`, `copy to`, `drop table`, `explain`, … */
  readonly command: string;
  readonly actions: readonly ActionFinding[];
  /** Every relation named anywhere in it, CTE names taken out by scope. */
  readonly relations: readonly RelationRef[];
  readonly functions: readonly NameRef[];
  readonly operators: readonly NameRef[];
  /** Types named in casts and column definitions. */
  readonly types: readonly NameRef[];
  /**
   * Column names that occur in expressions which are read; `star` for `*`, `t.*` and whole rows. `wholeRows` only
   * where columns can be read under other names than their own: a `*` that is an item of a plain select list
   * hands columns on one by one, with their names, and does not count.
   */
  readonly mentions: {
    readonly columns: ReadonlySet<string>;
    readonly star: boolean;
    readonly wholeRows: boolean;
  };
  /** It stores what it reads (INSERT … SELECT, UPDATE, MERGE, CTAS, SELECT INTO, materialised views). */
  readonly storesWhatItReads: boolean;
  /** Calls that carry an argument out of the statement: set_config, setval, pg_notify, locks, lo_*. */
  readonly sinks: readonly string[];
  /** Every setting it changes, by whatever road. */
  readonly settings: readonly SettingTouched[];
  readonly effect: Effect;
  /** 16 hex digits; equal for statements that differ only in literals. */
  readonly fingerprint: string;
};

/** The reading of one message's text, which may hold any number of statements. */
export type Analysis =
  | {
      readonly kind: 'parsed';
      readonly statements: readonly Statement[];
      /** The parser's tree of each, for lineage; large, so not to be kept. */
      readonly trees: readonly Node[];
    }
  /** PostgreSQL's own parser refused it, it is over a limit, or it has a node nobody gave a rule. */
  | {
      readonly kind: 'unreadable';
      readonly reason: string;
      readonly limit: boolean;
      /** Of a syntax error: characters, from 1. */ readonly position?: number;
      /** The parser's own words, which quote the text: for the client who wrote it and nobody else (I8). */
      readonly forClient?: string;
    };
