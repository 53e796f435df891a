/** Refusals of connections, and failures of what a session stands on: the database, the trail, the store. */
import type { ErrorEntry } from './entry.ts';

export const CONNECTIONS = {
  'protocol-violation': {
    sqlstate: '08P01',
    http: 400,
    text: 'protocol violation: {reason}',
    hint: 'The connection is closed. Check the driver, or that the port speaks PostgreSQL.',
  },
  'authentication-failed': {
    sqlstate: '28P01',
    http: 401,
    text: 'password authentication failed for agent "{agent}"',
    hint: 'Check the connection string, or ask for `postern agents rotate`.',
  },
  'tls-required': {
    sqlstate: '28000',
    http: 403,
    text: 'this listener accepts TLS connections only',
    hint: 'Connect with sslmode=require or stricter.',
  },
  'database-unknown': {
    sqlstate: '3D000',
    http: 404,
    text: 'database "{database}" is not one this agent may use',
    hint: 'Check the database name in the connection string.',
  },
  'too-many-sessions': {
    sqlstate: '53300',
    http: 503,
    text: 'Postern has reached its limit of {limit} sessions',
    hint: 'Close idle connections, or raise limits.maxSessions in postern.yaml.',
  },
  'limit-exceeded': {
    sqlstate: '54000',
    http: 413,
    text: '{what} is over the limit of {limit}',
    hint: 'See the limits in postern.yaml.',
  },
  'upstream-unavailable': {
    sqlstate: '08006',
    http: 502,
    text: 'the database behind Postern cannot be reached: {reason}',
    hint: 'Try again; if it lasts, ask the operator to check the upstream in postern.yaml.',
  },
  'upstream-lost': {
    sqlstate: '08006',
    http: 502,
    text: 'the database closed the connection while a statement was running',
    hint: 'Reconnect. Whether the last statement took effect must be checked.',
  },
  'upstream-protocol': {
    sqlstate: '08P01',
    http: 502,
    text: 'the database broke the protocol: {reason}',
    hint: 'The session is closed, for what cannot be followed cannot be masked. Tell the operator.',
  },
  'shutting-down': {
    sqlstate: '57P01',
    http: 503,
    text: 'Postern is shutting down',
    hint: 'Reconnect in a moment.',
  },
  'agent-disabled': {
    sqlstate: '57P01',
    http: 403,
    text: 'agent "{agent}" was disabled',
    hint: 'Its sessions, requests and grants have ended. Ask the operators of Postern why.',
  },
  'masking-failed': {
    sqlstate: '42501',
    http: 500,
    text: 'Postern could not mask a result and has withheld it: {reason}',
    hint: 'The statement was cancelled. Tell the operator; the log has the details.',
  },
  'trail-unavailable': {
    sqlstate: '53100',
    http: 503,
    text: 'the audit trail cannot be written, so nothing that must be recorded may run',
    hint: 'The operator must free the disk or fix the trail folder; then send the statement again.',
  },
  'trail-locked': {
    sqlstate: '55006',
    http: 503,
    text: 'the trail folder {folder} is in use by another process',
    hint: 'Stop the other Postern, or give this one its own trail.folder in postern.yaml.',
  },
  'trail-damaged': {
    sqlstate: 'XX001',
    http: 503,
    text: 'the trail in {folder} is damaged: {reason}',
    hint: 'Keep the folder as evidence, run `postern audit verify` on it, and give Postern a new trail.folder.',
  },
  'store-unavailable': {
    sqlstate: '58000',
    http: 503,
    text: 'the approvals store cannot be used: {reason}',
    hint: 'Nothing was sent to the database. Ask the operator to check the store in postern.yaml.',
  },
} as const satisfies Record<string, ErrorEntry>;
