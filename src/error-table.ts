/**
 * Every way Postern refuses, in one table. A refusal has a stable code, the SQLSTATE a driver sees, the
 * HTTP status the API answers, a sentence that says what happened and one that says what to do next.
 * `docs/errors.md` lists the same codes; a test holds the two together. Texts never quote SQL literals.
 */

export type ErrorEntry = {
  /** Five characters, from PostgreSQL's appendix A. */
  readonly sqlstate: string;
  readonly http: number;
  /** `{name}` stands for a parameter given where the error is made. */
  readonly text: string;
  readonly hint: string;
};

export const ERRORS = {
  // what the gate says about a statement
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
  // the protocol
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
  // configuration, API and CLI
  'config-invalid': {
    sqlstate: 'F0000',
    http: 422,
    text: '{problems}',
    hint: 'Fix the lines named and run `postern policy check`.',
  },
  'not-authenticated': {
    sqlstate: '28000',
    http: 401,
    text: 'this needs a valid approver token',
    hint: 'Run `postern login`, set POSTERN_TOKEN, or run in the folder where `.postern/cli.json` is.',
  },
  'token-refused': {
    sqlstate: '28000',
    http: 401,
    text: 'the token of the identity provider is refused: {reason}',
    hint: 'Run `postern login` to get a new one. If it lasts, compare `oidc` in postern.yaml with the provider.',
  },
  'identity-refused': {
    sqlstate: '42501',
    http: 403,
    text: 'you are signed in, but {reason}',
    hint: 'Ask the operator to list you under `approvers` in postern.yaml, with `{key}` as the provider gives it.',
  },
  'identity-unavailable': {
    sqlstate: '08006',
    http: 503,
    text: 'the identity provider cannot be asked for its keys',
    hint: 'Try again in a moment. Tokens of postern.yaml work all the while.',
  },
  'sign-in-failed': {
    sqlstate: '28000',
    http: 401,
    text: 'signing in did not work: {reason}',
    hint: 'Run `postern login` to try again, or set POSTERN_TOKEN to a token of `postern token new`.',
  },
  'too-many-calls': {
    sqlstate: '53400',
    http: 429,
    text: '{who} has made too many calls within a minute',
    hint: 'Wait a minute, and follow /v1/events instead of asking again and again.',
  },
  'text-not-revealed': {
    sqlstate: '42501',
    http: 403,
    text: '{who} may not see statements with their literals',
    hint: 'rules.yaml names those who may, as `reveal: { groups: [...] }`.',
  },
  'text-not-kept': {
    sqlstate: '02000',
    http: 404,
    text: 'the text of request {id} with its literals is not here',
    hint: 'Only the Postern that holds the statement has it, in memory, and only while the request is pending.',
  },
  'not-permitted': {
    sqlstate: '42501',
    http: 403,
    text: '{who} may not {what}',
    hint: 'It needs the role {role}; roles are given in postern.yaml.',
  },
  'self-approval': {
    sqlstate: '42501',
    http: 403,
    text: '{approver} may not decide request {id}: {reason}',
    hint: 'Somebody else has to decide it.',
  },
  'self-grant': {
    sqlstate: '42501',
    http: 403,
    text: '{approver} may not grant this to agent "{agent}": {reason}',
    hint: 'Somebody else has to grant it.',
  },
  'grant-needs-request': {
    sqlstate: '42501',
    http: 409,
    text: 'the rule "{rule}" wants {quorum} people to agree before these columns are shown, and a grant is made by one',
    hint: 'Have the agent ask with SET postern.unmask; its request is decided by as many as the rule wants.',
  },
  'grant-over': {
    sqlstate: '55000',
    http: 409,
    text: 'grant {id} is no longer in force: it is {state}',
    hint: 'Nothing was changed.',
  },
  'not-found': {
    sqlstate: '42704',
    http: 404,
    text: 'there is no {what} "{name}"',
    hint: 'List what there is and try again.',
  },
  'ambiguous-id': {
    sqlstate: '42702',
    http: 409,
    text: '"{name}" fits more than one {what}',
    hint: 'Give more characters of the id.',
  },
  'already-decided': {
    sqlstate: '55000',
    http: 409,
    text: 'request {id} is no longer pending: it is {state}',
    hint: 'Nothing was changed.',
  },
  'already-exists': {
    sqlstate: '42710',
    http: 409,
    text: 'there is already a {what} "{name}"',
    hint: 'Choose another name.',
  },
  'bad-input': {
    sqlstate: '22023',
    http: 400,
    text: '{reason}',
    hint: 'Correct the input and try again.',
  },
  'too-many-attempts': {
    sqlstate: '28000',
    http: 429,
    text: 'too many failed authentications from this address',
    hint: 'Wait a minute. A valid token is accepted all the while.',
  },
  'host-refused': {
    sqlstate: '42501',
    http: 403,
    text: 'this API answers only under its own name, and only to pages of its own origin',
    hint: 'Call it as localhost, 127.0.0.1 or the host that `api.host` in postern.yaml names.',
  },
  'signature-refused': {
    sqlstate: '28000',
    http: 401,
    text: 'the signature does not fit, is too old, or was used before',
    hint: "Check the channel's signing secret in postern.yaml, and the clock.",
  },
  'channel-failed': {
    sqlstate: '08006',
    http: 502,
    text: 'channel "{name}" could not be reached: {reason}',
    hint: 'Check the channel in postern.yaml; docs/channels.md says what each service needs.',
  },
  'api-busy': {
    sqlstate: '53400',
    http: 503,
    text: 'the API already serves {limit} {what}',
    hint: 'Close one that is no longer needed and try again.',
  },
  'internal-error': {
    sqlstate: 'XX000',
    http: 500,
    text: 'something went wrong inside Postern',
    hint: 'The log has the place it happened. Nothing is said here, so that nothing private is.',
  },
  'api-unreachable': {
    sqlstate: '08006',
    http: 503,
    text: 'no Postern answers at {url}',
    hint: 'Start it with `postern serve`, or set POSTERN_URL.',
  },
} as const satisfies Record<string, ErrorEntry>;
