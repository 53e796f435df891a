/** Refusals of statements, and of what is done with requests, names and settings in a session. */
import type { ErrorEntry } from './entry.ts';

export const STATEMENTS = {
  'statement-denied': {
    sqlstate: '42501',
    http: 403,
    text: 'Postern denied this statement: {reason}',
    hint: 'No approval can release it. Ask whoever maintains rules.yaml if the rule is wrong.',
  },
  'statement-unreadable': {
    sqlstate: '42601',
    http: 400,
    text: '{reason}',
    hint: 'Nothing was sent to the database. Postern reads statements with the parser of PostgreSQL 18.',
  },
  'statement-too-complex': {
    sqlstate: '54001',
    http: 413,
    text: 'Postern cannot read this statement: {reason}',
    hint: 'Nothing was sent to the database. Split the statement, or raise limits.maxStatementBytes in postern.yaml.',
  },
  'request-denied': {
    sqlstate: '42501',
    http: 403,
    text: 'request {id} was denied by {approver}: {reason}',
    hint: 'The session goes on. Change the statement or talk to the approver before asking again.',
  },
  'request-expired': {
    sqlstate: '57014',
    http: 409,
    text: 'request {id} was not decided within {seconds} seconds',
    hint: 'Nothing was sent to the database. Send the statement again to ask again.',
  },
  'request-withdrawn': {
    sqlstate: '57014',
    http: 409,
    text: 'request {id} was withdrawn: {reason}',
    hint: 'Nothing was sent to the database.',
  },
  'request-pending': {
    sqlstate: '55P03',
    http: 409,
    text: 'this statement needs approval and did not run: request {id} waits for it',
    hint: 'Send the very same statement again once request {id} is approved; until then it gets this answer. Nothing was sent to the database.',
  },
  'rows-denied': {
    sqlstate: '42501',
    http: 403,
    text: 'the result ends after {rows} rows: {reason}',
    hint: 'The rest was withheld and the statement cancelled. If the database had finished it by then, what was changed along with it stands. The session goes on.',
  },
  'rows-cancelled': {
    sqlstate: '57014',
    http: 409,
    text: 'the result ends after {rows} rows: {reason}',
    hint: 'The rest was withheld and the statement cancelled. If the database had finished it by then, what was changed along with it stands. Send it again to ask again.',
  },
  'rows-pending': {
    sqlstate: '55P03',
    http: 409,
    text: 'the result ends after {rows} rows: request {id} waits for approval of the rest',
    hint: 'The statement was cancelled. Send the very same statement again once request {id} is approved; it then gives its rows from the first to the last.',
  },
  'rows-pending-shown': {
    sqlstate: '55P03',
    http: 409,
    text: 'the result ends after {rows} rows: request {id} waits for approval of the rest',
    hint: 'The statement was cancelled, and its columns were shown for this once. When request {id} is approved set postern.unmask again and send the very same statement again: to show them is asked for anew, and it then gives its rows from the first to the last.',
  },
  'reason-required': {
    sqlstate: '42501',
    http: 403,
    text: 'this statement needs approval, and the rule "{rule}" wants to know why it is sent',
    hint: "Say why with SET postern.reason = '...' or a comment /* reason: ... */ in the statement, and send it again.",
  },
  'asked-too-often': {
    sqlstate: '53400',
    http: 429,
    text: 'statements like this one were denied {count} times, so nobody is asked again before {time}',
    hint: 'Talk to those who denied it, or change the statement.',
  },
  'unmask-not-possible': {
    sqlstate: '0A000',
    http: 400,
    text: 'what postern.unmask asks for cannot be shown here: {reason}',
    hint: 'Send one plain SELECT or COPY ... TO STDOUT by itself, or RESET postern.unmask to go on without.',
  },
  'setting-invalid': {
    sqlstate: '22023',
    http: 400,
    text: 'Postern does not take this value for {name}: {reason}',
    hint: "The settings are postern.hold ('wait' or 'return'), postern.reason and postern.unmask.",
  },
  'grant-unusable': {
    sqlstate: '42501',
    http: 409,
    text: 'request {id} was approved, but its grant no longer fits: {reason}',
    hint: 'Nothing was sent to the database. Send the statement again to ask again.',
  },
  'grant-ended': {
    sqlstate: '57014',
    http: 409,
    text: 'grant {id} ended while this result showed what it grants: {reason}',
    hint: 'No row after this was sent. The session goes on, masked; send the statement again to see it so.',
  },
  'definition-changed': {
    sqlstate: '40001',
    http: 409,
    text: 'a function that computes these rows may have been replaced while they came, so they end here',
    hint: 'No row after this was sent. The session goes on; send the statement again.',
  },
  'unparsable-encoding': {
    sqlstate: '22021',
    http: 400,
    text: 'the statement is not valid UTF-8',
    hint: 'Postern pins client_encoding to UTF8; send the text in that encoding.',
  },
  'setting-pinned': {
    sqlstate: '42501',
    http: 403,
    text: 'Postern pins {name} and does not let a session change it',
    hint: 'Leave {name} as it is; statements are judged under that setting.',
  },
  'unknown-prepared-statement': {
    sqlstate: '26000',
    http: 400,
    text: 'prepared statement "{name}" does not exist',
    hint: 'Prepare it in this session first.',
  },
  'unknown-portal': {
    sqlstate: '34000',
    http: 400,
    text: 'portal "{name}" does not exist',
    hint: 'Bind it in this session first.',
  },
  'fast-path-denied': {
    sqlstate: '42501',
    http: 403,
    text: 'Postern does not let the fast-path function call interface through',
    hint: 'Call the function with SELECT instead, so that it can be judged.',
  },
  'replication-denied': {
    sqlstate: '42501',
    http: 403,
    text: 'Postern does not let replication connections through',
    hint: 'A replication stream is an export that cannot be judged. Use COPY, which can be approved.',
  },
} as const satisfies Record<string, ErrorEntry>;
