/**
 * Reads the fields of one whole frame, in order, within its bounds.
 *
 * Purpose: every decoder of a message that is not on the per-row path reads through this, so bounds, NULs and
 * encodings are checked in one place. Invariant: no byte outside the frame is read, and whatever the bytes
 * are, the only thing thrown is a PosternError. Non-goal: speed per row; rows are scanned in place elsewhere.
 */

import { isUtf8 } from 'node:buffer';
import { PosternError } from '../errors.ts';
import { asciiName } from './recent-names.ts';
import { violation } from './violation.ts';

const HEADER_BYTES = 5;
/** Up to here a byte loop beats three calls into the runtime; measured on Node 24, x86-64. */
const PLAIN_BYTES = 128;

export class BodyReader {
  readonly #buffer: Buffer;
  readonly #end: number;
  readonly #message: string;
  #at: number;

  /**
   * @param message the message's name, for error texts
   * @throws PosternError `protocol-violation` unless `[start, end)` is exactly one frame of that type
   */
  constructor(message: string, type: number, buffer: Buffer, start: number, end: number) {
    this.#message = message;
    this.#buffer = buffer;
    this.#at = start + HEADER_BYTES;
    this.#end = end;
    const whole = start >= 0 && end <= buffer.length && end - start >= HEADER_BYTES;
    if (!whole || buffer[start] !== type || buffer.readUInt32BE(start + 1) !== end - start - 1) {
      throw violation(`this is not a whole ${message} message`);
    }
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  get position(): number {
    return this.#at;
  }

  uint8(): number {
    this.#need(1);
    return this.#buffer[this.#at++]!;
  }

  uint16(): number {
    this.#need(2);
    const value = this.#buffer.readUInt16BE(this.#at);
    this.#at += 2;
    return value;
  }

  int16(): number {
    return (this.uint16() << 16) >> 16;
  }

  uint32(): number {
    this.#need(4);
    const value = this.#buffer.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  int32(): number {
    return this.uint32() | 0;
  }

  /** The next `length` bytes, not copied: they live as long as the chunk does. */
  bytes(length: number): Buffer {
    this.#need(length);
    const value = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  rest(): Buffer {
    return this.bytes(this.remaining);
  }

  /** Goes past bytes that nobody reads. */
  pass(length: number): void {
    this.#need(length);
    this.#at += length;
  }

  /** From a position taken earlier up to here, not copied. */
  since(position: number): Buffer {
    return this.#buffer.subarray(position, this.#at);
  }

  /**
   * A NUL-terminated string that must be UTF-8.
   * @throws PosternError `unparsable-encoding`, or `protocol-violation` without its NUL
   */
  string(): string {
    const from = this.#at;
    const plain = this.#plainEnd(from);
    if (plain >= 0) {
      this.#at = plain + 1;
      return plain === from ? '' : this.#buffer.toString('latin1', from, plain);
    }
    const to = this.#terminator();
    if (!isUtf8(this.#buffer.subarray(from, to))) throw new PosternError('unparsable-encoding');
    return this.#buffer.toString('utf8', from, to);
  }

  /**
   * As `string`, for names of prepared statements and portals.
   * @throws PosternError `unparsable-encoding`, or `protocol-violation` without its NUL
   */
  name(): string {
    const from = this.#at;
    const plain = this.#plainEnd(from);
    if (plain < 0) return this.string();
    this.#at = plain + 1;
    return plain === from ? '' : asciiName(this.#buffer, from, plain);
  }

  /**
   * A NUL-terminated string for people or for comparison with known words: what is not UTF-8 becomes U+FFFD.
   * A server speaks before the encoding is settled, and from SQL_ASCII databases it passes bytes as they are.
   */
  lossyString(): string {
    const from = this.#at;
    return this.#buffer.toString('utf8', from, this.#terminator());
  }

  /** @throws PosternError `protocol-violation` when bytes are left over */
  finish(): void {
    if (this.#at !== this.#end) throw violation(`${this.#message} has ${this.remaining} bytes too many`);
  }

  /** Where a short ASCII string ends; −1 for any other. Names and most statements need no more than this look. */
  #plainEnd(from: number): number {
    const limit = Math.min(this.#end, from + PLAIN_BYTES);
    for (let at = from; at < limit; at += 1) {
      const byte = this.#buffer[at]!;
      if (byte === 0) return at;
      if (byte > 0x7f) return -1;
    }
    return -1;
  }

  #terminator(): number {
    const nul = this.#buffer.indexOf(0, this.#at);
    if (nul < 0 || nul >= this.#end) throw violation(`${this.#message} has an unterminated string`);
    this.#at = nul + 1;
    return nul;
  }

  #need(length: number): void {
    if (length < 0 || length > this.#end - this.#at) throw violation(`${this.#message} is cut short`);
  }
}
