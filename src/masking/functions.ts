/**
 * What a mask rule's function does to a field of a given type and format.
 *
 * Invariant: the result is valid for the declared type, no wider than the column, and NULL where nothing
 * better is known to be safe. A SQL NULL stays NULL. Nothing in here ever returns the value itself.
 * Non-goals: deciding which fields are masked (plan.ts), framing (splice.ts, copy/).
 */
import type { DateUnit, Detector, FindingMask, JsonMask, JsonPath, MaskFunction } from '../policy/rules.ts';
import { fitOf } from '../policy/mask-types.ts';
import { detectGrowth, detectWriter } from './detect/index.ts';
import { dateWriter } from './functions/date.ts';
import { digitsWriter } from './functions/digits.ts';
import { emailWriter } from './functions/email.ts';
import { hashTextWriter, hashUuidWriter } from './functions/hash.ts';
import { jsonGrowth, jsonWriter } from './functions/json.ts';
import { numberWriter } from './functions/number.ts';
import { partialWriter } from './functions/partial.ts';
import { redaction } from './functions/redact.ts';
import type { MaskWriter } from './functions/writer.ts';
import { MASK_GROWTH_BYTES } from './limits.ts';
import { shapeOf } from './text-types.ts';
import type { DateType, JsonType, NumberType, ValueShape } from './text-types.ts';

/** A mask bound to a field's type and format, but not yet to a key: plain data that a plan can hold. */
export type FieldMask =
  | { readonly kind: 'null' }
  | { readonly kind: 'constant'; readonly bytes: Buffer }
  | {
      readonly kind: 'partial';
      readonly keepFirst: number;
      readonly keepLast: number;
      readonly maxChars: number;
      readonly blankPadded: boolean;
    }
  | { readonly kind: 'hash-text'; readonly maxChars: number; readonly blankPadded: boolean }
  | { readonly kind: 'hash-uuid'; readonly format: 0 | 1 }
  | { readonly kind: 'email'; readonly maxChars: number }
  | { readonly kind: 'digits'; readonly maxChars: number; readonly blankPadded: boolean }
  | { readonly kind: 'number'; readonly type: NumberType; readonly format: 0 | 1; readonly roundTo: number }
  | { readonly kind: 'date'; readonly type: DateType; readonly format: 0 | 1; readonly truncate: DateUnit }
  | {
      readonly kind: 'json';
      readonly type: JsonType;
      readonly format: 0 | 1;
      readonly paths: readonly JsonPath[];
      readonly with: JsonMask;
    }
  | {
      readonly kind: 'detect';
      readonly detectors: readonly Detector[];
      readonly with: FindingMask;
      readonly maxChars: number;
      readonly blankPadded: boolean;
    };

/** The part of a field that decides what a mask may send for it. */
export type FieldType = { readonly typeOid: number; readonly format: 0 | 1; readonly typeModifier?: number };

const SQL_NULL: FieldMask = { kind: 'null' };

/** What a value computed from masked columns is shown as: `****` where the type takes text, else NULL. */
export function safeDefault(field: FieldType): FieldMask {
  const shape = shapeOf(field.typeOid, field.typeModifier);
  return shape.kind === 'text' ? { kind: 'constant', bytes: redaction(shape.maxChars) } : SQL_NULL;
}

/** A mask that does not fit the field's type (`fitOf`) gives way to the type's safe default. */
export function fieldMask(fn: MaskFunction, field: FieldType): FieldMask {
  if (fitOf(fn, field.typeOid) !== 'fits') return safeDefault(field);
  const shape = shapeOf(field.typeOid, field.typeModifier);
  const { format } = field;
  switch (shape.kind) {
    case 'text':
      return textMask(fn, shape) ?? safeDefault(field);
    case 'uuid':
      return fn.kind === 'hash' ? { kind: 'hash-uuid', format } : SQL_NULL;
    case 'number':
      return fn.kind === 'number' && isMultiple(fn.roundTo)
        ? { kind: 'number', type: shape.type, format, roundTo: fn.roundTo }
        : SQL_NULL;
    case 'date':
      return fn.kind === 'date'
        ? { kind: 'date', type: shape.type, format, truncate: fn.truncate }
        : SQL_NULL;
    case 'json':
      return fn.kind === 'json'
        ? { kind: 'json', type: shape.type, format, paths: fn.paths, with: fn.with }
        : SQL_NULL;
    case 'other':
      return SQL_NULL;
    default:
      shape satisfies never;
      return SQL_NULL;
  }
}

type TextShape = ValueShape & { readonly kind: 'text' };

/** Null where the function is none for texts. */
function textMask(fn: MaskFunction, { maxChars, blankPadded }: TextShape): FieldMask | null {
  switch (fn.kind) {
    case 'null':
      return SQL_NULL;
    case 'partial':
      if (!keepsSomething(fn.keepFirst, fn.keepLast)) return null;
      return { kind: 'partial', keepFirst: fn.keepFirst, keepLast: fn.keepLast, maxChars, blankPadded };
    case 'hash':
      return { kind: 'hash-text', maxChars, blankPadded };
    case 'email':
      return { kind: 'email', maxChars };
    case 'digits':
      return { kind: 'digits', maxChars, blankPadded };
    case 'detect':
      return { kind: 'detect', detectors: fn.detectors, with: fn.with, maxChars, blankPadded };
    // what a text is redacted to is its safe default
    case 'redact':
    case 'number':
    case 'date':
    case 'json':
      return null;
    default:
      return fn satisfies never;
  }
}

/** What no valid rules file says rounds nothing. */
function isMultiple(roundTo: number): boolean {
  return Number.isSafeInteger(roundTo) && roundTo >= 2;
}

/** Counts that are not whole and non-negative come from no valid rules file; they keep nothing. */
function keepsSomething(keepFirst: number, keepLast: number): boolean {
  const valid =
    Number.isSafeInteger(keepFirst) && Number.isSafeInteger(keepLast) && keepFirst >= 0 && keepLast >= 0;
  return valid && keepFirst + keepLast > 0;
}

/**
 * The function behind a mask that must look at the value; null for those that needn't (`null`, `constant`).
 * `key`: 32 bytes, for the hashes. Throws `masking-failed` where it has another length.
 */
export function writerOf(mask: FieldMask, key: Uint8Array): MaskWriter | null {
  switch (mask.kind) {
    case 'null':
    case 'constant':
      return null;
    case 'partial':
      return partialWriter(mask.keepFirst, mask.keepLast, mask.maxChars, mask.blankPadded);
    case 'hash-text':
      return hashTextWriter(key, mask.maxChars, mask.blankPadded);
    case 'hash-uuid':
      return hashUuidWriter(key, mask.format);
    case 'email':
      return emailWriter(mask.maxChars);
    case 'digits':
      return digitsWriter(key, mask.maxChars, mask.blankPadded);
    case 'number':
      return numberWriter(mask.type, mask.format, mask.roundTo);
    case 'date':
      return dateWriter(mask.type, mask.format, mask.truncate);
    case 'json':
      return jsonWriter(key, mask.type, mask.format, mask.paths, mask.with);
    case 'detect':
      return detectWriter(key, mask.detectors, mask.with, mask.maxChars, mask.blankPadded);
    default:
      return mask satisfies never;
  }
}

/** Whether the bound on a mask's growth depends on the value's length; else it is MASK_GROWTH_BYTES. */
export function growsWithLength(mask: FieldMask): boolean {
  return mask.kind === 'json' || mask.kind === 'detect';
}

/** By how many bytes at most a mask's result may be longer than a value of `bytes`. */
export function growthOf(mask: FieldMask, bytes: number): number {
  switch (mask.kind) {
    case 'json':
      return MASK_GROWTH_BYTES + Math.ceil(jsonGrowth(mask.with, bytes));
    case 'detect':
      return MASK_GROWTH_BYTES + Math.ceil(detectGrowth(bytes));
    default:
      return MASK_GROWTH_BYTES;
  }
}
