/** What may stand under `with:` and `detect:` of a mask rule. What it means is in docs/rules.md. */
import { z } from 'zod';
import { DATE_UNITS, DETECTORS, JSON_MASKS } from '../policy/rules.ts';
import type { JsonMask, MaskFunction } from '../policy/rules.ts';
import { suggest } from './did-you-mean.ts';
import { parseJsonPath } from './json-path.ts';
import { MAX_JSON_PATHS, MAX_PARTIAL_KEEP, MAX_ROUND_TO, MIN_ROUND_TO } from './limits.ts';
import { bad, oneOrMore, pattern } from './values.ts';

/** Masks that belong to a later version. */
export const LATER_MASKS: readonly string[] = ['tokenize', 'format'];

/** Masks of one word, and those that have arguments with how they are written. */
const WORDS = ['redact', 'hash', 'email', 'digits'] as const;
const WITH_ARGUMENTS: Readonly<Record<string, string>> = {
  partial: 'partial: { keepLast: 4 }',
  number: 'number: { roundTo: 1000 }',
  date: 'date: { truncate: month }',
  json: 'json: { paths: [$.email], with: redact }',
};
const ALL = `one of null, ${WORDS.join(', ')}, ${Object.values(WITH_ARGUMENTS).join(', ')}`;

const keep = z
  .int('expected a whole number')
  .min(0, 'must not be negative')
  .max(MAX_PARTIAL_KEEP, `must not be more than ${MAX_PARTIAL_KEEP}`);

const roundTo = z
  .int('expected a whole number')
  .min(MIN_ROUND_TO, `must be at least ${MIN_ROUND_TO}: rounded to 1, a number stays what it is`)
  .max(MAX_ROUND_TO, `must not be more than ${MAX_ROUND_TO}`);

const paths = oneOrMore(pattern(parseJsonPath)).refine((list) => list.length <= MAX_JSON_PATHS, {
  message: `must not have more than ${MAX_JSON_PATHS} paths`,
});

/** `null` as the word or YAML's own null. */
const jsonMask = z.union([z.null(), z.enum(JSON_MASKS)]).transform((written): JsonMask => written ?? 'null');

/** One object with every key optional, so that a wrong key is named and not just "no such mask". */
const withArguments = z
  .strictObject({
    partial: z.strictObject({ keepFirst: keep.optional(), keepLast: keep.optional() }).optional(),
    number: z.strictObject({ roundTo }).optional(),
    date: z.strictObject({ truncate: z.enum(DATE_UNITS) }).optional(),
    json: z.strictObject({ paths, with: jsonMask }).optional(),
  })
  .meta({ minProperties: 1, maxProperties: 1 });

type WithArguments = z.output<typeof withArguments>;

/** `null` as the word or YAML's own null. */
export const maskFunction = z
  .union([z.null(), z.string(), withArguments])
  .transform((written, context): MaskFunction => {
    if (written === null || written === 'null') return { kind: 'null' };
    if (typeof written === 'object') {
      const mask = maskOf(written);
      if (mask !== null) return mask;
      // an unknown key has been named already
      return context.issues.length > 0 ? z.NEVER : bad(context, 'expected one mask', ALL);
    }
    const word = WORDS.find((one) => one === written);
    if (word !== undefined) return { kind: word };
    const example = Object.hasOwn(WITH_ARGUMENTS, written) ? WITH_ARGUMENTS[written] : undefined;
    if (example !== undefined)
      return bad(context, `"${written}" needs to know ${NEEDS[written] ?? 'how'}`, `write ${example}`);
    if (LATER_MASKS.includes(written))
      return bad(context, `"${written}" is not supported by this version`, 'use null, redact or hash');
    const known = ['null', ...WORDS, ...Object.keys(WITH_ARGUMENTS)];
    return bad(context, `"${written}" is not a mask`, suggest(written, known) ?? ALL);
  });

const NEEDS: Readonly<Record<string, string>> = {
  partial: 'what to keep',
  number: 'what to round to',
  date: 'what to cut down to',
  json: 'which paths',
};

function maskOf(written: WithArguments): MaskFunction | null {
  const { partial, number, date, json } = written;
  const masks: MaskFunction[] = [];
  if (partial !== undefined)
    masks.push({ kind: 'partial', keepFirst: partial.keepFirst ?? 0, keepLast: partial.keepLast ?? 0 });
  if (number !== undefined) masks.push({ kind: 'number', roundTo: number.roundTo });
  if (date !== undefined) masks.push({ kind: 'date', truncate: date.truncate });
  if (json !== undefined) masks.push({ kind: 'json', paths: json.paths, with: json.with });
  return masks.length === 1 ? masks[0]! : null;
}

export const detectors = oneOrMore(z.enum(DETECTORS));
