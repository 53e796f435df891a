/** JSON Schemas (2020-12, as OpenAPI 3.1 uses) of what goes in and out; ajv validates what goes in. */
import { ACTIONS } from '../sql/statement.ts';
import { GRANT_STATES } from '../approvals/grant.ts';
import { MAX_AGENT_NAME_CHARACTERS, MAX_REASON_CHARACTERS } from '../approvals/limits.ts';
import { MAX_LABEL_CHARS, MAX_NAMES } from './limits.ts';

export const REQUEST_STATES = [
  'pending',
  'approved',
  'denied',
  'expired',
  'withdrawn',
  'spent',
  'lapsed',
] as const;

/** What a person may answer. */
export const ANSWERS = ['approve', 'deny', 'escalate'] as const;

const text = { type: 'string' } as const;
const texts = { type: 'array', items: text } as const;
const time = { type: 'string', format: 'date-time' } as const;

/** An object with all of these members and no others, but for those that are `optional`. */
export function closed<T extends Readonly<Record<string, object>>>(
  properties: T,
  optional: readonly (keyof T & string)[] = [],
) {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', required, additionalProperties: false, properties } as const;
}

/** An agent's name, as `approvals/agents.ts` takes it. */
export const agentName = {
  type: 'string',
  pattern: `^[a-z][a-z0-9_-]{0,${MAX_AGENT_NAME_CHARACTERS - 1}}$`,
} as const;
/** A name that postern.yaml or rules.yaml may give: on one line, no wildcard, nothing that does not show. */
export const label = {
  type: 'string',
  pattern: `^(?! )[^\\p{C}\\p{Zl}\\p{Zp}*]{1,${MAX_LABEL_CHARS}}(?<! )$`,
} as const;
export const labels = { type: 'array', items: label, maxItems: MAX_NAMES, uniqueItems: true } as const;

const requestId = { type: 'string', pattern: '^[A-Za-z0-9-]{1,32}$' } as const;
export const idParams = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: requestId },
} as const;
/** At least one character that shows. */
export const reason = {
  type: 'string',
  maxLength: MAX_REASON_CHARACTERS,
  pattern: '[^\\s\\p{Cc}\\p{Cf}]',
} as const;

/** What fits in a query string, where every value is text. */
export const count = { type: 'string', pattern: '^[1-9][0-9]{0,4}$' } as const;
export const instant = {
  type: 'string',
  maxLength: 40,
  pattern: '^\\d{4}-\\d\\d-\\d\\d(T[0-9:.]+(Z|[+-]\\d\\d:\\d\\d))?$',
} as const;
export const word = { type: 'string', minLength: 1, maxLength: 200 } as const;

export const errorSchema = {
  type: 'object',
  required: ['error'],
  additionalProperties: false,
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      additionalProperties: false,
      properties: { code: { ...text, description: 'As in docs/errors.md' }, message: text, hint: text },
    },
  },
} as const;

export const decisionSchema = closed({
  decision: { enum: ['approve', 'deny'] },
  approver: text,
  reason: text,
  channel: { ...text, description: 'How it came: cli, api or a chat' },
  time,
});

export const requestSchema = closed({
  id: text,
  state: { enum: REQUEST_STATES },
  createdAt: time,
  expiresAt: time,
  sessionId: text,
  agent: text,
  owner: { ...text, description: 'The person behind the agent; may not decide' },
  database: text,
  environment: text,
  rulesVersion: text,
  actions: {
    type: 'array',
    items: closed({ action: { enum: ACTIONS }, command: text, reason: text }),
  },
  rules: { ...texts, description: 'Rules that held it' },
  fingerprint: text,
  statement: {
    ...text,
    description: 'With its literals removed. Written by the agent: escape it before showing it',
  },
  relations: texts,
  maskedColumns: texts,
  inTransaction: { type: 'boolean' },
  rowsSoFar: {
    type: ['integer', 'null'],
    description: 'Rows it gave before it was paused; null: nothing of it has run',
  },
  statedReason: {
    type: ['string', 'null'],
    description: "The agent's own words; escape them before showing them",
  },
  requirements: {
    type: 'array',
    description: 'All of them must be met. One person counts for each whose groups they are in, once',
    items: closed({ rule: text, approvers: texts, quorum: { type: 'integer' }, escalateTo: texts }),
  },
  escalation: {
    anyOf: [
      { type: 'null' },
      closed({ afterMs: { type: ['integer', 'null'], description: 'null: only by a person' }, to: texts }),
    ],
    description: 'After how long, and to whom',
  },
  escalatedAt: { anyOf: [{ type: 'null' }, time] },
  approverGroups: {
    type: 'array',
    items: texts,
    description: "One member of each list's groups; empty: any approver",
  },
  quorum: { type: 'integer' },
  expiresMs: { type: 'integer' },
  mode: { enum: ['wait', 'return'], description: 'return: the agent sends the statement again' },
  waitMs: { type: 'integer', description: 'How long the session waits; 0: it was told at once' },
  unmask: { ...texts, description: 'Masked columns that an approval shows for this one execution' },
  estimate: {
    anyOf: [{ type: 'null' }, closed({ rows: { type: 'number' }, cost: { type: 'number' } })],
    description: "The database's planner's guess",
  },
  locks: texts,
  history: {
    type: 'object',
    additionalProperties: { type: 'integer' },
    description: "The agent's requests of the 24 hours before, by state",
  },
  decisions: { type: 'array', items: decisionSchema },
});

export const grantSchema = closed({
  id: text,
  state: { enum: GRANT_STATES },
  createdAt: time,
  expiresAt: time,
  agent: text,
  owner: { ...text, description: 'The person behind the agent; may not grant' },
  database: text,
  environment: text,
  columns: { ...texts, description: 'schema.table.column, partitions and child tables among them' },
  maxRows: { type: 'integer' },
  rowsReserved: { type: 'integer', description: 'Given out to statements; never more than maxRows' },
  rowsShown: { type: 'integer', description: 'Of statements that are over' },
  rulesVersion: { ...text, description: 'Under other rules it is void' },
  rules: { ...texts, description: 'Rules that govern who may show these columns' },
  approver: text,
  channel: { enum: ['cli', 'api'] },
  reason: text,
  ended: {
    anyOf: [{ type: 'null' }, closed({ at: time, by: { type: ['string', 'null'] }, reason: text })],
  },
});

export const agentSchema = closed({
  name: text,
  owner: text,
  groups: texts,
  databases: texts,
  login: text,
  disabled: { type: 'boolean' },
  createdAt: time,
});

export const agentWithPasswordSchema = closed({
  agent: agentSchema,
  password: { ...text, description: 'Shown this once. Postern keeps a SCRAM verifier of it only' },
});

export const trailRecordSchema = closed(
  {
    v: { const: 1 },
    seq: { type: 'integer' },
    time,
    event: {
      type: 'object',
      required: ['kind'],
      properties: { kind: text },
      description: 'As docs/trail.md lists them',
    },
    prev: text,
    hash: text,
    chain: { type: 'string', description: 'The process whose chain it is in, where there are several' },
  },
  ['chain'],
);
