/**
 * The shape of rules.yaml. Every object is strict: a key nobody knows is an error, because a rule that is
 * silently not applied is worse than a file that does not load. What the keys mean is in docs/rules.md.
 */
import { z } from 'zod';
import { DEFAULT_KEYS, SEARCHES } from '../policy/rules.ts';
import type { DefaultKey } from '../policy/rules.ts';
import { DEFAULT_EXPIRES_MS } from '../policy/limits.ts';
import { ACTIONS } from '../sql/statement.ts';
import { MAX_EXPIRES_MS, MAX_QUORUM, MAX_ROWS_OVER, MIN_EXPIRES_MS } from './limits.ts';
import { detectors, LATER_MASKS, maskFunction } from './mask-schema.ts';
import { parseColumnPattern, parseFunctionPattern, parseRelationPattern } from './name-pattern.ts';
import type { Reserved } from './schema-problems.ts';
import { bad, duration, exactName, label, oneOrMore, pattern } from './values.ts';

export { DEFAULT_EXPIRES_MS };

/** Keys that DESIGN gives to a later version; naming them is an error, never a key that does nothing. */
export const RESERVED: Reserved = {
  '': ['agents', 'include'],
  'masks[]': ['when'],
  'masks[].with': LATER_MASKS,
  'rules[]': ['hold'],
  'rules[].when': ['rows', 'column', 'time', 'window', 'timeWindow', 'between'],
};

/** Names in causes and events; ours must not be claimed by a file. */
const ruleName = label().refine(
  (name) => name !== 'built-in' && !name.startsWith('defaults.'),
  'this name belongs to Postern itself',
);

const mask = z
  .strictObject({
    name: ruleName,
    columns: oneOrMore(pattern(parseColumnPattern)),
    with: maskFunction.optional(),
    detect: detectors.optional(),
    searchable: oneOrMore(z.enum(SEARCHES)).optional(),
    visibleTo: z
      .strictObject({ agents: oneOrMore(exactName()).optional(), groups: oneOrMore(exactName()).optional() })
      .optional(),
  })
  .meta({ anyOf: [{ required: ['with'] }, { required: ['detect'] }] });

const action = z.enum(ACTIONS);

/** Spaces and case do not matter: `DROP  Database` is `drop database`. */
const command = label().transform((text) => text.toLowerCase().replaceAll(/\s+/g, ' '));

const rows = z
  .int('expected a whole number of rows, like 10000')
  .min(1, 'must be at least 1; to hold before any row, leave it out')
  .max(MAX_ROWS_OVER, `must not be more than ${MAX_ROWS_OVER}`);

const condition = z.strictObject({
  agent: oneOrMore(label()).optional(),
  group: oneOrMore(label()).optional(),
  database: oneOrMore(label()).optional(),
  environment: oneOrMore(label()).optional(),
  action: oneOrMore(action).optional(),
  destructive: z.boolean().optional(),
  command: oneOrMore(command).optional(),
  relation: oneOrMore(pattern(parseRelationPattern)).optional(),
  inTransaction: z.boolean().optional(),
  unmask: oneOrMore(pattern(parseColumnPattern)).optional(),
  rowsOver: rows.optional(),
  rowsPerHourOver: rows.optional(),
});

const then = z.string().transform((written, context): 'hold' | 'deny' => {
  if (written === 'hold' || written === 'deny') return written;
  if (written === 'allow') {
    return bad(
      context,
      'a rule can only be stricter than the defaults, so `then: allow` would do nothing',
      'set the default to allow and write rules for what must be held',
    );
  }
  return bad(
    context,
    `"${written}" is not one of hold, deny`,
    /^(block|refuse|reject|forbid)$/.test(written) ? 'did you mean "deny"?' : null,
  );
});

const rule = z.strictObject({
  name: ruleName,
  when: condition,
  then,
  approvers: oneOrMore(exactName()).optional(),
  quorum: z
    .int('expected a whole number')
    .min(1, 'must be at least 1')
    .max(MAX_QUORUM, `must not be more than ${MAX_QUORUM}`)
    .optional(),
  expires: duration(MIN_EXPIRES_MS, MAX_EXPIRES_MS).optional(),
  escalate: z
    .strictObject({ after: duration(MIN_EXPIRES_MS, MAX_EXPIRES_MS), to: oneOrMore(exactName()) })
    .optional(),
  mode: z.enum(['wait', 'return']).optional(),
  wait: duration(MIN_EXPIRES_MS, MAX_EXPIRES_MS).optional(),
  requireReason: z.boolean().optional(),
});

const verdict = z.enum(['allow', 'hold', 'deny']);
/** An agent that could see on its own word would see everything. */
const verdictOfUnmask = z.enum(['hold', 'deny']);

export const rulesSchema = z.strictObject({
  version: z.literal(1),
  masks: z.array(mask).nullish(),
  rules: z.array(rule).nullish(),
  trust: z.strictObject({ functions: oneOrMore(pattern(parseFunctionPattern)).optional() }).nullish(),
  reveal: z.strictObject({ groups: oneOrMore(exactName()) }).nullish(),
  defaults: z
    .strictObject(
      Object.fromEntries(
        DEFAULT_KEYS.map((key) => [key, (key === 'unmask' ? verdictOfUnmask : verdict).optional()]),
      ) as Record<DefaultKey, z.ZodOptional<typeof verdict>>,
    )
    .nullish(),
});

export type WrittenRules = z.output<typeof rulesSchema>;
