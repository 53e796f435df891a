/** What postern.yaml may leave out, in one place. docs/configuration.md lists the same values; a test holds the two together. */
import type { Limits } from './installation.ts';

export const DEFAULT_LISTEN_HOST = '127.0.0.1';
/** Next to PostgreSQL's 5432 and pgbouncer's own default, 6432. */
export const DEFAULT_LISTEN_PORT = 6432;
export const DEFAULT_PROCESSES = 1;
export const DEFAULT_API_HOST = '127.0.0.1';
export const DEFAULT_API_PORT = 6433;
/** IANA's port for PostgreSQL. */
export const DEFAULT_UPSTREAM_PORT = 5432;
export const DEFAULT_RULES_FILE = 'rules.yaml';
export const DEFAULT_STORE_FILE = 'postern.db';
export const DEFAULT_STORE_SCHEMA = 'postern';
/** Three months: a quarter, which is what reviews of access look back on. The trail keeps its own time. */
export const DEFAULT_STORE_KEEP_MS = 90 * 24 * 60 * 60 * 1000;
export const DEFAULT_TRAIL_FOLDER = 'trail';
export const DEFAULT_TRAIL_SYNC = 'decisions';
export const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024;
export const DEFAULT_LOG_LEVEL = 'info';

export const DEFAULT_LIMITS: Limits = {
  maxSessions: 500,
  maxStatementBytes: 1024 * 1024,
  maxBindBytes: 64 * 1024 * 1024,
  maxMaskedRowBytes: 16 * 1024 * 1024,
  maxHeldBytes: 1024 * 1024,
  maxPendingRequestsPerAgent: 20,
  maxDenials: 3,
  denialWindowMs: 600_000,
  authenticationTimeoutMs: 30_000,
  upstreamConnectTimeoutMs: 10_000,
  maxHoldInTransactionMs: 120_000,
  shutdownGraceMs: 30_000,
  maxGrantMs: 86_400_000,
  maxGrantRows: 10_000,
  statementCacheEntries: 5000,
  maxApiCallsPerMinute: 600,
};

/** Smallest and largest value each limit may have: outside them Postern would not work or not be bounded. */
export const LIMIT_BOUNDS: Readonly<Record<keyof Limits, readonly [number, number]>> = {
  maxSessions: [1, 100_000],
  // PostgreSQL's own cap on a client message: PQ_LARGE_MESSAGE_LIMIT, MaxAllocSize - 1 in libpq.h
  maxStatementBytes: [1024, 0x3fffffff - 1],
  maxBindBytes: [1024, 0x3fffffff - 1],
  maxMaskedRowBytes: [1024, 0x3fffffff - 1],
  maxHeldBytes: [0, 0x3fffffff - 1],
  maxPendingRequestsPerAgent: [1, 10_000],
  maxDenials: [1, 1000],
  denialWindowMs: [1000, 86_400_000],
  authenticationTimeoutMs: [1000, 600_000],
  upstreamConnectTimeoutMs: [100, 600_000],
  maxHoldInTransactionMs: [1000, 86_400_000],
  shutdownGraceMs: [0, 3_600_000],
  maxGrantMs: [1000, 604_800_000],
  maxGrantRows: [1, 1_000_000_000],
  statementCacheEntries: [0, 1_000_000],
  maxApiCallsPerMinute: [10, 1_000_000],
};
