/**
 * RowDescription (`T`): Int16 n, n × (String name, Int32 table OID, Int16 attribute number, Int32 type OID,
 * Int16 type size, Int32 type modifier, Int16 format). Source: PostgreSQL docs, "Message Formats".
 *
 * Purpose: a list for those who keep it, and a scanner that allocates nothing for those who look at it once.
 * Invariant: both check the same bounds, for both are the same code. Non-goal: names as identity. They are
 * made readable (bytes that are not UTF-8 become U+FFFD); what a column is, its table OID and attribute
 * number say.
 */

import { BodyWriter } from '../body-writer.ts';
import { MAX_COLUMNS } from '../limits.ts';
import { violation } from '../violation.ts';
import { SERVER_TYPE } from './types.ts';

export type FieldDescription = {
  readonly name: string;
  /** 0 where the field is not simply a table's column. */
  readonly tableOid: number;
  readonly attnum: number;
  readonly typeOid: number;
  /** Negative for variable width. */
  readonly typeSize: number;
  readonly typeModifier: number;
  /** 0 text, 1 binary; always 0 in the description of a statement. */
  readonly format: number;
};

const HEADER_BYTES = 7;
/** What follows a name and its NUL. */
const FACTS_BYTES = 18;

/** Walks a RowDescription in place: `open`, then `next` until it is false. May be used again. */
export class RowDescriptionScanner {
  /** Fields the message has. */
  count = 0;
  /** The name's bytes are `buffer[nameStart, nameEnd)`. */
  nameStart = 0;
  nameEnd = 0;
  tableOid = 0;
  attnum = 0;
  typeOid = 0;
  typeSize = 0;
  typeModifier = 0;
  format = 0;

  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #seen = 0;

  /** @throws PosternError `protocol-violation` unless `[start, end)` is a RowDescription frame */
  open(buffer: Buffer, start: number, end: number): void {
    const whole = start >= 0 && end <= buffer.length && end - start >= HEADER_BYTES;
    if (
      !whole ||
      buffer[start] !== SERVER_TYPE.rowDescription ||
      buffer.readUInt32BE(start + 1) !== end - start - 1
    ) {
      throw violation('this is not a whole RowDescription message');
    }
    this.count = buffer.readUInt16BE(start + 5);
    if (this.count > MAX_COLUMNS) throw violation('RowDescription has too many columns');
    this.#buffer = buffer;
    this.#at = start + HEADER_BYTES;
    this.#end = end;
    this.#seen = 0;
  }

  /** Moves to the next field. @throws PosternError `protocol-violation` */
  next(): boolean {
    const buffer = this.#buffer;
    if (this.#seen === this.count) {
      if (this.#at !== this.#end) throw violation('RowDescription has bytes too many');
      return false;
    }
    const nul = buffer.indexOf(0, this.#at);
    if (nul < 0 || nul + 1 + FACTS_BYTES > this.#end) throw violation('RowDescription is cut short');
    const facts = nul + 1;
    this.nameStart = this.#at;
    this.nameEnd = nul;
    this.tableOid = buffer.readUInt32BE(facts);
    this.attnum = buffer.readInt16BE(facts + 4);
    this.typeOid = buffer.readUInt32BE(facts + 6);
    this.typeSize = buffer.readInt16BE(facts + 10);
    this.typeModifier = buffer.readInt32BE(facts + 12);
    this.format = buffer.readUInt16BE(facts + 16);
    if (this.format > 1) throw violation('RowDescription has an unknown format code');
    this.#at = facts + FACTS_BYTES;
    this.#seen += 1;
    return true;
  }
}

/** @throws PosternError `protocol-violation` */
export function decodeRowDescription(buffer: Buffer, start: number, end: number): FieldDescription[] {
  const scanner = new RowDescriptionScanner();
  scanner.open(buffer, start, end);
  const fields: FieldDescription[] = [];
  while (scanner.next()) {
    const { tableOid, attnum, typeOid, typeSize, typeModifier, format } = scanner;
    const name = buffer.toString('utf8', scanner.nameStart, scanner.nameEnd);
    fields.push({ name, tableOid, attnum, typeOid, typeSize, typeModifier, format });
  }
  return fields;
}

/** @throws PosternError `protocol-violation` for a NUL in a name or too many fields */
export function encodeRowDescription(fields: readonly FieldDescription[]): Buffer {
  if (fields.length > MAX_COLUMNS) throw violation('too many columns');
  const writer = new BodyWriter().int16(fields.length);
  for (const field of fields) {
    writer.string(field.name).int32(field.tableOid).int16(field.attnum).int32(field.typeOid);
    writer.int16(field.typeSize).int32(field.typeModifier).int16(field.format);
  }
  return writer.frame(SERVER_TYPE.rowDescription);
}
