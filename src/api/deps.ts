/** What the API is given, and the values it passes between its parts. It reaches the data path by no other road. */
import type { FastifyInstance } from 'fastify';
import type { Grants, NewGrant } from '../approvals/grant.ts';
import type { Agents, Approvals, Approver } from '../approvals/request.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { TrailReport } from '../audit/chains.ts';
import type { SearchResult, TrailQuery } from '../audit/search.ts';
import type { ApproverConfig, OidcConfig, Role } from '../config/installation.ts';
import type { Explanation } from '../policy/explain.ts';

/** A pino logger, or anything that speaks like one. */
export type ApiLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type Health = { readonly ready: boolean; readonly problems: readonly string[] };

export type ApiDeps = {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly approvers: readonly ApproverConfig[];
  /** Null: only tokens of our own are taken. */
  readonly oidc: OidcConfig | null;
  /** Of one caller. */
  readonly maxCallsPerMinute: number;
  readonly approvals: Approvals;
  readonly grants: Grants;
  /** What a grant of these columns would be, and what the rules demand of whoever makes it. */
  grantTerms(asked: {
    readonly agent: string;
    /** Null: the only one that the agent may use. */
    readonly database: string | null;
    readonly columns: readonly string[];
  }): Promise<Omit<NewGrant, 'expiresMs' | 'maxRows' | 'reason'>>;
  readonly agents: Agents;
  readonly databases: readonly { readonly name: string; readonly logins: readonly string[] }[];
  /** A SCRAM-SHA-256 verifier of a new password. */
  makeVerifier(password: string): Promise<string>;
  readonly trail: {
    verify(): Promise<TrailReport>;
    search(query: TrailQuery): Promise<SearchResult>;
    /** Resolves once the event is on disk. @throws PosternError `trail-unavailable` */
    record(event: AuditEvent): Promise<void>;
  };
  /** Groups whose approvers may see a held statement with its literals, by the rules in force. */
  revealGroups(): readonly string[];
  /** What the rules say of this SQL, free of literals. Never runs anything. */
  explain(input: {
    readonly sql: string;
    readonly agent: string;
    readonly database: string;
  }): Promise<Explanation>;
  /** Whether a restart would help. */
  liveness(): Promise<{ readonly alive: boolean; readonly problems: readonly string[] }>;
  health(): Promise<Health>;
  /** The text of a held statement with its literals; null where it is not kept. */
  textOf(requestId: string): Promise<string | null>;
  /** Other rooms' routes; each brings its facts as ours do. */
  readonly plugins?: readonly ((app: FastifyInstance) => void)[];
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly log: ApiLog;
  /** Other than the defaults in limits.ts; for tests of slow clients. */
  readonly timeouts?: { readonly headersMs: number; readonly requestMs: number; readonly checkMs: number };
};

/** Who a token belongs to. `expiresAtMs` is when the token ends, in ms since the epoch; null: never. */
export type Caller = Approver & { readonly roles: readonly Role[]; readonly expiresAtMs: number | null };

/** What a route declares beside its schema: who may call it, and the words of its OpenAPI entry. */
export type RouteFacts = {
  readonly summary: string;
  /** One of these roles is enough. `'anyone'` needs no token. */
  readonly roles: readonly Role[] | 'anyone';
  /** Its sender is known by a signature over the body, under whatever name a proxy forwards it. */
  readonly signed?: true;
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly schema?: object; readonly type?: string }>
  >;
};

declare module 'fastify' {
  interface FastifyContextConfig {
    facts?: RouteFacts;
  }
  interface FastifyRequest {
    caller: Caller | null;
  }
}
