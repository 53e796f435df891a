/**
 * The installation, as a value: what `postern.yaml` says after validation, with secrets read from where it
 * points. `load.ts` makes it.
 */

import type { ChannelConfig } from './channel-config.ts';

export type TlsFiles = { readonly certPem: string; readonly keyPem: string };

export type UpstreamTls = 'disable' | 'require' | 'verify-full';

export type Login = { readonly user: string; readonly password: string };

export type DatabaseConfig = {
  /** The name agents connect to. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** The database's name upstream. */
  readonly database: string;
  readonly environment: string;
  readonly tls: {
    readonly mode: UpstreamTls;
    readonly caPem: string | null;
    readonly serverName: string | null;
  };
  /** What Postern reads the catalog with. */
  readonly control: Login;
  /** By name; an agent's `login` picks one. */
  readonly logins: ReadonlyMap<string, Login>;
};

export type Role = 'approver' | 'operator' | 'auditor';

export type ApproverConfig = {
  readonly name: string;
  readonly groups: readonly string[];
  readonly roles: readonly Role[];
  /** Lower-case hex SHA-256 of the token; the token itself is nowhere. Null: no token, signs in by OIDC. */
  readonly tokenSha256: string | null;
  /** Who they are to others: the identity provider (`claim: email`), a chat. Compared without case. */
  readonly email?: string;
  /** The provider's `sub` of this person; compared exactly. */
  readonly subject?: string;
  /** Their member id in Slack, where the address is not to be relied on. */
  readonly slack?: string;
};

/** Whose tokens the API takes beside its own, and who is behind them. */
export type OidcConfig = {
  /** As `iss` has it; the provider's document lies under it. */
  readonly issuer: string;
  readonly clientId: string;
  /** One of these must be in `aud`. */
  readonly audience: readonly string[];
  /** What is looked for among the approvers. */
  readonly claim: 'email' | 'sub';
  /** What the CLI asks for. */
  readonly scope: string;
  /** Set: people who are not listed may come by their groups, which `roles` speaks of. */
  readonly groupsClaim: string | null;
  readonly roles: Readonly<Record<Role, readonly string[]>>;
};

export type Limits = {
  readonly maxSessions: number;
  /** Bytes of SQL in one message that Postern will read; longer ones are refused. */
  readonly maxStatementBytes: number;
  /** Bytes of parameters in one message, or kept back with a statement that will be held. */
  readonly maxBindBytes: number;
  /** Bytes of a row that has masked columns. */
  readonly maxMaskedRowBytes: number;
  /** Bytes a client may send ahead while its statement is held. */
  readonly maxHeldBytes: number;
  readonly maxPendingRequestsPerAgent: number;
  /** After this many denials of statements alike within `denialWindowMs`, an agent is refused at once. */
  readonly maxDenials: number;
  readonly denialWindowMs: number;
  readonly authenticationTimeoutMs: number;
  readonly upstreamConnectTimeoutMs: number;
  /** A hold inside an open transaction ends after this, whatever the rule says. */
  readonly maxHoldInTransactionMs: number;
  readonly shutdownGraceMs: number;
  /** A time-boxed grant lasts no longer, and shows no more rows. */
  readonly maxGrantMs: number;
  readonly maxGrantRows: number;
  /** Distinct statement texts whose reading is kept, per agent and database. */
  readonly statementCacheEntries: number;
  /** Of one approver, operator or auditor. A page that follows and reads everything needs a small part of it. */
  readonly maxApiCallsPerMinute: number;
};

export type StoreConfig = (
  | { readonly kind: 'sqlite'; readonly file: string }
  | {
      readonly kind: 'postgres';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string;
      readonly tls: DatabaseConfig['tls'];
      readonly schema: string;
      /** Stays the same over restarts; no other Postern on the store has it. */
      readonly instance: string;
    }
) & {
  /** How long finished requests are kept. */
  readonly keepMs: number;
};

export type Installation = {
  /** Of this one Postern, sharing its port and its store. */
  readonly processes: number;
  readonly listen: {
    readonly host: string;
    readonly port: number;
    /** Other processes may listen on the port, too. */
    readonly reusePort: boolean;
    readonly tls: TlsFiles | null;
    readonly tlsRequired: boolean;
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Where people reach it, without a slash at its end; null where links make no sense. */
    readonly publicUrl: string | null;
  };
  readonly databases: ReadonlyMap<string, DatabaseConfig>;
  readonly approvers: readonly ApproverConfig[];
  readonly channels: readonly ChannelConfig[];
  readonly oidc: OidcConfig | null;
  readonly rulesFile: string;
  readonly store: StoreConfig;
  readonly trail: {
    readonly folder: string;
    readonly sync: 'decisions' | 'always';
    readonly segmentBytes: number;
  };
  /** 32 bytes, for keyed hashes in masks. */
  readonly maskKey: Buffer;
  readonly limits: Limits;
  readonly log: { readonly level: string };
};
