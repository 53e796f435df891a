/**
 * What a mask rule's function does to a field of a given type and format.
 *
 * Invariant: the result is valid for the declared type, no wider than the column, and NULL where nothing
 * better is known to be safe. A SQL NULL stays NULL. Nothing in here ever returns the value itself.
 * Non-goals: deciding which fields are masked (plan.ts), framing (splice.ts, copy/).
 */
import type { MaskFunction } from '../policy/rules.ts';
import { emailWriter } from './functions/email.ts';
import { hashTextWriter, hashUuidWriter } from './functions/hash.ts';
import { partialWriter } from './functions/partial.ts';
import { redaction } from './functions/redact.ts';
import type { MaskWriter } from './functions/writer.ts';
import { shapeOf } from './text-types.ts';

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
  | { readonly kind: 'email'; readonly maxChars: number };

/** The part of a field that decides what a mask may send for it. */
export type FieldType = { readonly typeOid: number; readonly format: 0 | 1; readonly typeModifier?: number };

const SQL_NULL: FieldMask = { kind: 'null' };

/** What a value computed from masked columns is shown as: `****` where the type takes text, else NULL. */
export function safeDefault(field: FieldType): FieldMask {
  const shape = shapeOf(field.typeOid, field.typeModifier);
  return shape.kind === 'text' ? { kind: 'constant', bytes: redaction(shape.maxChars) } : SQL_NULL;
}

export function fieldMask(fn: MaskFunction, field: FieldType): FieldMask {
  const shape = shapeOf(field.typeOid, field.typeModifier);
  if (shape.kind === 'uuid' && fn.kind === 'hash') return { kind: 'hash-uuid', format: field.format };
  if (shape.kind !== 'text') return SQL_NULL;
  const { maxChars, blankPadded } = shape;
  switch (fn.kind) {
    case 'null':
      return SQL_NULL;
    case 'redact':
      return { kind: 'constant', bytes: redaction(maxChars) };
    case 'partial':
      if (!keepsSomething(fn.keepFirst, fn.keepLast)) return { kind: 'constant', bytes: redaction(maxChars) };
      return { kind: 'partial', keepFirst: fn.keepFirst, keepLast: fn.keepLast, maxChars, blankPadded };
    case 'hash':
      return { kind: 'hash-text', maxChars, blankPadded };
    case 'email':
      return { kind: 'email', maxChars };
    default:
      fn satisfies never;
      return SQL_NULL;
  }
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
    default:
      return mask satisfies never;
  }
}
