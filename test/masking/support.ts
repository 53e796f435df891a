import type { CopyMasker } from '../../src/masking/copy/index.ts';
import { decodeCopyData, encodeCopyData } from '../../src/wire/server/copy-data.ts';
import type { ColumnMask, MaskSet } from '../../src/policy/mask-set.ts';
import type { MaskFunction } from '../../src/policy/rules.ts';
import { fieldMask, growthOf, writerOf } from '../../src/masking/functions.ts';
import type { FieldType } from '../../src/masking/functions.ts';
import { planRow } from '../../src/masking/plan.ts';
import type { MaskableField, RowPlan } from '../../src/masking/plan.ts';
import type { CopyOptions } from '../../src/sql/statement.ts';

export const KEY = Buffer.alloc(32, 7);
export const TABLE = 5000;

/** What COPY TO is by default, in each format. */
export const TEXT: CopyOptions = {
  format: 'text',
  delimiter: '\t',
  quote: '"',
  escape: '"',
  nullText: '\\N',
  header: false,
  forceQuote: [],
};
export const CSV: CopyOptions = { ...TEXT, format: 'csv', delimiter: ',', nullText: '' };
export const BINARY: CopyOptions = { ...TEXT, format: 'binary' };
/** What comes before the first tuple and after the last. */
export const BINARY_HEAD = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
export const TRAILER = Buffer.from([0xff, 0xff]);
export type Value = Buffer | null;

export function maskSet(
  entries: readonly (readonly [oid: number, attnum: number, fn: MaskFunction, derived?: boolean])[],
): MaskSet {
  const columns = new Map<number, Map<number, ColumnMask>>();
  for (const [oid, attnum, fn, derived] of entries) {
    const relation = columns.get(oid) ?? new Map<number, ColumnMask>();
    relation.set(attnum, { rule: `rule ${attnum}`, with: fn, searchable: [], derived: derived === true });
    columns.set(oid, relation);
  }
  const any = columns.size > 0;
  return { columns, any, present: any, describe: () => 'not said' };
}

export function field(attnum: number, typeOid = 25, format: 0 | 1 = 0, typeModifier = -1): MaskableField {
  return { tableOid: TABLE, attnum, typeOid, format, typeModifier };
}

/** A plan over text columns 1…n of one table; `fns[i]` masks column i + 1. */
export function planOf(fns: readonly (MaskFunction | null)[], format: 0 | 1 = 0): RowPlan {
  const fields = fns.map((_, i) => field(i + 1, 25, format));
  const masks = maskSet(fns.flatMap((fn, i) => (fn === null ? [] : [[TABLE, i + 1, fn] as const])));
  const plan = planRow(fields, masks, 'touched', () => true);
  if (plan === null) throw new Error('nothing is masked');
  return plan;
}

export function tuple(values: readonly Value[]): Buffer {
  const parts: Buffer[] = [Buffer.from([values.length >> 8, values.length & 255])];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : value.length);
    parts.push(length, value ?? Buffer.alloc(0));
  }
  return Buffer.concat(parts);
}

export function dataRow(values: readonly Value[]): Buffer {
  const body = tuple(values);
  const header = Buffer.alloc(5);
  header[0] = 0x44;
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

export function parseTuple(bytes: Buffer, from = 0): { values: Value[]; end: number } {
  const values: Value[] = [];
  let at = from + 2;
  for (let i = bytes.readInt16BE(from); i > 0; i--) {
    const length = bytes.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : Buffer.from(bytes.subarray(at, at + length)));
    at += Math.max(length, 0);
  }
  return { values, end: at };
}

export function parseRows(bytes: Buffer): Value[][] {
  const rows: Value[][] = [];
  let at = 0;
  while (at < bytes.length) {
    const { values, end } = parseTuple(bytes, at + 5);
    if (bytes[at] !== 0x44 || bytes.readInt32BE(at + 1) !== end - at - 1) throw new Error('a frame is wrong');
    rows.push(values);
    at = end;
  }
  return rows;
}

/** The payloads of the CopyData messages that fill `frames`. */
export function payloads(frames: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < frames.length;) {
    const end = at + 1 + frames.readInt32BE(at + 1);
    found.push(decodeCopyData(frames, at, end));
    at = end;
  }
  return found;
}

/** What a run of CopyData frames becomes. The frames are spoilt, as the read buffers are used again. */
export function ranFrames(masker: CopyMasker, frames: Buffer): Buffer {
  const before = Buffer.from('d\0\0\0\x07abc');
  const buffer = Buffer.concat([before, frames, before]);
  const end = before.length + frames.length;
  const to = masker.run(buffer, before.length, end);
  const sent = Buffer.concat([buffer.subarray(before.length, to), masker.rest.take()]);
  if (!buffer.subarray(0, before.length).equals(before) || !buffer.subarray(end).equals(before))
    throw new Error('written outside the run');
  buffer.fill(0xee);
  return sent;
}

/** One CopyData's payload, masked: the payload to send for it, empty for none. */
export function pushed(masker: CopyMasker, payload: Buffer): Buffer {
  const sent = payloads(ranFrames(masker, encodeCopyData(payload)));
  if (sent.length > 1) throw new Error('one message became several');
  return Buffer.concat(sent);
}

/** What masks do, written once more with strings and no care for speed. */
export function referenceMask(fn: MaskFunction, value: Value, hash: (value: Buffer) => string): Value {
  if (value === null || fn.kind === 'null') return null;
  const text = value.toString('utf8');
  const valid = Buffer.from(text, 'utf8').equals(value);
  switch (fn.kind) {
    case 'redact':
      return Buffer.from('****');
    case 'hash':
      return Buffer.from(hash(value));
    case 'partial': {
      const chars = Array.from(text);
      const hidden = chars.length - fn.keepFirst - fn.keepLast;
      if (!valid || chars.length === 0 || fn.keepFirst + fn.keepLast === 0 || hidden * 2 < chars.length)
        return Buffer.from('****');
      return Buffer.from(
        chars.slice(0, fn.keepFirst).join('') +
          '*'.repeat(hidden) +
          chars.slice(chars.length - fn.keepLast).join(''),
      );
    }
    case 'email': {
      const match = /^[^@\s\p{Cc}]+(@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+[a-zA-Z]{2,})$/u.exec(
        valid ? text : '',
      );
      const whole = match !== null && value.indexOf('@') <= 64 && match[1]!.length <= 256;
      return Buffer.from(whole ? `****${match[1]}` : '****');
    }
    default:
      throw new Error(`no reference for ${fn.kind}`);
  }
}

/**
 * A mask applied as rows apply it: the value in the middle of other bytes, the result in exactly the room it
 * may need. Null for NULL, and where the mask throws `masking-failed`.
 */
export function maskedBytes(fn: MaskFunction, value: Buffer | string, type: FieldType): Buffer | null {
  const made = fieldMask(fn, type);
  if (made.kind === 'null') return null;
  if (made.kind === 'constant') return made.bytes;
  const before = Buffer.from('9876{"');
  const bytes = Buffer.from(value);
  const src = Buffer.concat([before, bytes, Buffer.from('}"5432@example.com')]);
  const room = bytes.length + growthOf(made, bytes.length);
  const out = Buffer.alloc(room + 64, 0xee);
  let written: number;
  try {
    written = writerOf(made, KEY)!(src, before.length, before.length + bytes.length, out, 32);
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'masking-failed') throw error;
    return null;
  }
  if (written > room) throw new Error(`${written} bytes written, room for ${room}`);
  if (out[31] !== 0xee || out.subarray(32 + room).some((byte) => byte !== 0xee))
    throw new Error('written outside its room');
  return written < 0 ? null : Buffer.from(out.subarray(32, 32 + written));
}

export function maskedText(fn: MaskFunction, value: Buffer | string, type: FieldType): string | null {
  return maskedBytes(fn, value, type)?.toString('utf8') ?? null;
}
