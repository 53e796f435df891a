/**
 * What the trail records. Typed and versioned; names are stable snake_case because auditors and SIEMs key
 * on them. No event carries a literal, a parameter value, a password or a row.
 */

type Base<K extends string> = { readonly kind: K };

/** What is said of a statement wherever one is recorded. */
export type StatementFacts = {
  readonly session_id: string;
  readonly agent: string;
  readonly database: string;
  readonly fingerprint: string;
  readonly actions: readonly string[];
  readonly relations: readonly string[];
  /** Rules that matched. */
  readonly rules: readonly string[];
};

export type GrantFacts = {
  readonly grant_id: string;
  readonly agent: string;
  readonly database: string;
};

export type AuditEvent =
  | (Base<'postern_started'> & {
      readonly version: string;
      readonly rules_version: string;
      /** Where there are several, each with a chain of its own: which one this is, and of how many. */
      readonly process?: number;
      readonly processes?: number;
    })
  | (Base<'postern_stopped'> & { readonly clean: true })
  /** A start after an unclean end: plain events between the two times may be missing. */
  | (Base<'gap_suspected'> & { readonly from: string; readonly to: string })
  | (Base<'rules_loaded'> & { readonly rules_version: string })
  | (Base<'rules_rejected'> & { readonly rules_version: string; readonly problems: number })
  | (Base<'session_opened'> & {
      readonly session_id: string;
      readonly agent: string;
      readonly database: string;
      readonly client_address: string;
      readonly application: string;
    })
  | (Base<'session_closed'> & {
      readonly session_id: string;
      readonly agent: string;
      readonly reason: string;
    })
  | (Base<'authentication_failed'> & { readonly agent: string; readonly client_address: string })
  | (Base<'statement_allowed'> &
      StatementFacts & {
        /** How often in this millisecond, with nothing of another kind in between; absent: once. */
        readonly times?: number;
      })
  | (Base<'statement_denied'> & StatementFacts & { readonly reason: string })
  | (Base<'request_created'> &
      StatementFacts & {
        readonly request_id: string;
        readonly binding: string;
        readonly rules_version: string;
        /** Masked columns it asks to see; absent: none. */
        readonly unmask?: readonly string[];
        /** Rows it had given when it was paused; absent: nothing of it had run. */
        readonly rows_so_far?: number;
      })
  | (Base<'request_decided'> & {
      readonly request_id: string;
      readonly decision: 'approve' | 'deny';
      readonly approver: string;
      readonly channel: string;
      readonly reason: string;
      readonly state: string;
    })
  /** Somebody was shown the statement with its literals. */
  | (Base<'request_text_viewed'> & { readonly request_id: string; readonly approver: string })
  /** `approver` and `channel` are null where nobody did it but time. */
  | (Base<'request_escalated'> & {
      readonly request_id: string;
      readonly to: readonly string[];
      readonly approver: string | null;
      readonly channel: string | null;
      readonly reason: string;
    })
  | (Base<'request_expired'> & { readonly request_id: string })
  | (Base<'request_withdrawn'> & { readonly request_id: string; readonly reason: string })
  | (Base<'grant_spent'> & {
      readonly request_id: string;
      readonly binding: string;
      readonly session_id: string;
    })
  /** For a stated time, and so many rows, an agent sees these columns. */
  | (Base<'grant_made'> &
      GrantFacts & {
        readonly columns: readonly string[];
        readonly max_rows: number;
        readonly expires_at: string;
        readonly rules_version: string;
        readonly approver: string;
        readonly channel: string;
        readonly reason: string;
      })
  /** One execution may show so many more rows: before it shows any, and again for each batch. */
  | (Base<'grant_used'> &
      GrantFacts & {
        readonly session_id: string;
        readonly fingerprint: string;
        readonly relations: readonly string[];
        readonly columns: readonly string[];
        readonly rows: number;
      })
  /** How many rows that execution has shown. */
  | (Base<'grant_use_ended'> & GrantFacts & { readonly session_id: string; readonly rows: number })
  | (Base<'grant_revoked'> & GrantFacts & { readonly approver: string; readonly reason: string })
  | (Base<'grant_expired'> & GrantFacts)
  | (Base<'grant_exhausted'> & GrantFacts)
  /** What it names, or the rules it was made under, are not what they were. */
  | (Base<'grant_voided'> & GrantFacts & { readonly reason: string })
  | (Base<'agent_added'> & { readonly agent: string; readonly by: string })
  | (Base<'agent_rotated'> & { readonly agent: string; readonly by: string })
  | (Base<'agent_disabled'> & { readonly agent: string; readonly by: string });

export type AuditKind = AuditEvent['kind'];

/** One line of a segment. `hash` is SHA-256 over the canonical JSON of all the other members. */
export type TrailRecord = {
  readonly v: 1;
  readonly seq: number;
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly event: AuditEvent;
  /** The hash of the record before; 64 zeros for the first of a trail. */
  readonly prev: string;
  readonly hash: string;
};

/** The trail as the rest of the house sees it. */
export type Trail = {
  /**
   * Puts a plain event in the queue; it is on disk within 20 ms.
   * @throws PosternError `trail-unavailable` when the trail has failed or its queue is full
   */
  note(event: AuditEvent): void;
  /**
   * Resolves once the event, and all before it, are synced to disk.
   * @throws PosternError `trail-unavailable`
   */
  record(event: AuditEvent): Promise<void>;
  /**
   * Resolves when whoever notes much may go on; undefined where nothing is in the way. A trail that has failed is
   * not waited for: it refuses.
   */
  room(): Promise<void> | undefined;
};
