/**
 * Numbers cut towards zero to a multiple of `roundTo`, in text and in binary.
 *
 * Invariant: the result is exactly a multiple, nearer to zero than the value or the value itself where that
 * was one, so it is in the type's range. What has no such result in its type (NaN, infinity, floats so large
 * that the multiple next to them can't be told from them, numbers beyond NUMBER_DIGITS) becomes NULL.
 * Non-goals: hiding that two values share a multiple. Known limit: small tables of known values can be told
 * apart by their multiples; choose `roundTo` with the values in mind.
 */
import { PosternError } from '../../errors.ts';
import { MASK_GROWTH_BYTES, NUMBER_DIGITS } from '../limits.ts';
import type { NumberType } from '../text-types.ts';
import { SENDS_NULL } from './writer.ts';
import type { MaskWriter } from './writer.ts';

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
/** Decimal digits that any double holds exactly. */
const EXACT_DIGITS = 15;

/** numeric's binary format, src/backend/utils/adt/numeric.c (numeric_send): base 10,000, four int16 first. */
const NUMERIC_HEADER_BYTES = 8;
const NUMERIC_BASE = 10_000n;
const NUMERIC_GROUP_DIGITS = 4;
const NUMERIC_NEGATIVE = 0x4000;
/** NaN and the infinities. */
const NUMERIC_SPECIAL = 0xc000;

/** `roundTo`: a whole number from 2. */
export function numberWriter(type: NumberType, format: 0 | 1, roundTo: number): MaskWriter {
  const multiple = BigInt(roundTo);
  switch (type) {
    case 'int2':
    case 'int4':
    case 'int8':
      return format === 0 ? decimalText(roundTo, multiple) : binaryInteger(type, roundTo, multiple);
    case 'numeric':
      return format === 0 ? decimalText(roundTo, multiple) : binaryNumeric(multiple);
    case 'float4':
    case 'float8':
      return format === 0 ? floatText(type, roundTo) : binaryFloat(type, roundTo);
    default:
      return type satisfies never;
  }
}

function malformed(): never {
  throw new PosternError('masking-failed', { reason: 'a number is malformed' });
}

/** An optional minus, digits, perhaps a fraction, which goes. Words are NaN or an infinity. */
function decimalText(roundTo: number, multiple: bigint): MaskWriter {
  return (src, start, end, out, at) => {
    const negative = src[start] === MINUS;
    const from = negative ? start + 1 : start;
    let to = from;
    let value = 0;
    for (; to < end; to++) {
      const digit = src[to]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (to === from) return SENDS_NULL;
    if (to < end && !isFraction(src, to, end)) malformed();
    if (to - from <= EXACT_DIGITS) return putWhole(value - (value % roundTo), negative, out, at);
    if (to - from > NUMBER_DIGITS) return SENDS_NULL;
    const large = BigInt(src.toString('latin1', from, to));
    return putLarge(large - (large % multiple), negative, out, at);
  };
}

function isFraction(src: Buffer, start: number, end: number): boolean {
  if (src[start] !== POINT || end - start < 2) return false;
  for (let i = start + 1; i < end; i++) if (src[i]! < ZERO || src[i]! > NINE) return false;
  return true;
}

/** `value`: whole, not negative, at most Number.MAX_SAFE_INTEGER. */
function putWhole(value: number, negative: boolean, out: Buffer, at: number): number {
  let to = at;
  if (negative && value > 0) out[to++] = MINUS;
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  for (let i = digits - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 10))
    out[to + i] = ZERO + (rest % 10);
  return to + digits - at;
}

function putLarge(value: bigint, negative: boolean, out: Buffer, at: number): number {
  return out.write(negative && value > 0n ? `-${value}` : `${value}`, at, 'latin1');
}

function binaryInteger(type: 'int2' | 'int4' | 'int8', roundTo: number, multiple: bigint): MaskWriter {
  const bytes = type === 'int2' ? 2 : type === 'int4' ? 4 : 8;
  return (src, start, end, out, at) => {
    if (end - start !== bytes) malformed();
    if (bytes === 8) {
      const value = src.readBigInt64BE(start);
      return out.writeBigInt64BE(value - (value % multiple), at) - at;
    }
    const value = src.readIntBE(start, bytes);
    return out.writeIntBE(value - (value % roundTo), at, bytes) - at;
  };
}

/** The multiple, or null where the type can't hold it apart from the value. */
function floorFloat(value: number, type: 'float4' | 'float8', roundTo: number): number | null {
  // beyond 2^53 neighbours are more than one apart, so the multiple would be the value again
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return null;
  // never a negative zero, which would tell the sign: x - x is plain zero
  const multiple = value - (value % roundTo);
  return type === 'float4' && Math.fround(multiple) !== multiple ? null : multiple;
}

function floatText(type: 'float4' | 'float8', roundTo: number): MaskWriter {
  return (src, start, end, out, at) => {
    const text = src.toString('latin1', start, end);
    if (/^(?:NaN|-?Infinity)$/.test(text)) return SENDS_NULL;
    if (text.length > NUMBER_DIGITS || !/^-?\d+(?:\.\d+)?(?:e[+-]?\d{1,3})?$/.test(text)) malformed();
    const value = Number(text);
    const multiple = floorFloat(type === 'float4' ? Math.fround(value) : value, type, roundTo);
    return multiple === null ? SENDS_NULL : putWhole(Math.abs(multiple), multiple < 0, out, at);
  };
}

function binaryFloat(type: 'float4' | 'float8', roundTo: number): MaskWriter {
  const bytes = type === 'float4' ? 4 : 8;
  return (src, start, end, out, at) => {
    if (end - start !== bytes) malformed();
    const value = bytes === 4 ? src.readFloatBE(start) : src.readDoubleBE(start);
    const multiple = floorFloat(value, type, roundTo);
    if (multiple === null) return SENDS_NULL;
    return (bytes === 4 ? out.writeFloatBE(multiple, at) : out.writeDoubleBE(multiple, at)) - at;
  };
}

function binaryNumeric(multiple: bigint): MaskWriter {
  return (src, start, end, out, at) => {
    if (end - start < NUMERIC_HEADER_BYTES) malformed();
    const count = src.readUInt16BE(start);
    const weight = src.readInt16BE(start + 2);
    const sign = src.readUInt16BE(start + 4);
    if ((sign & NUMERIC_SPECIAL) === NUMERIC_SPECIAL) return SENDS_NULL;
    if (end - start !== NUMERIC_HEADER_BYTES + count * 2 || (sign !== 0 && sign !== NUMERIC_NEGATIVE))
      malformed();
    if ((weight + 1) * NUMERIC_GROUP_DIGITS > NUMBER_DIGITS) return SENDS_NULL;
    let value = 0n;
    for (let group = 0; group <= weight; group++) {
      const digits = group < count ? src.readUInt16BE(start + NUMERIC_HEADER_BYTES + group * 2) : 0;
      if (digits >= NUMERIC_BASE) malformed();
      value = value * NUMERIC_BASE + BigInt(digits);
    }
    const room = end - start + MASK_GROWTH_BYTES;
    return putNumeric(value - (value % multiple), sign, out, at, room);
  };
}

/** NULL where it needs more than `room` bytes: 10^100 has one group, its multiple of 7 has 25. */
function putNumeric(value: bigint, sign: number, out: Buffer, at: number, room: number): number {
  const groups: number[] = [];
  for (let rest = value; rest > 0n; rest /= NUMERIC_BASE) groups.push(Number(rest % NUMERIC_BASE));
  let last = 0;
  while (last < groups.length && groups[last] === 0) last++;
  const bytes = NUMERIC_HEADER_BYTES + (groups.length - last) * 2;
  if (bytes > room) return SENDS_NULL;
  out.writeUInt16BE(groups.length - last, at);
  out.writeInt16BE(Math.max(groups.length - 1, 0), at + 2);
  out.writeUInt16BE(value === 0n ? 0 : sign, at + 4);
  out.writeUInt16BE(0, at + 6);
  let to = at + NUMERIC_HEADER_BYTES;
  for (let i = groups.length - 1; i >= last; i--) to = out.writeUInt16BE(groups[i]!, to);
  return bytes;
}
