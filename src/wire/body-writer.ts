/**
 * Builds the messages that Postern writes itself and that `pg-protocol` has no serializer for (it writes a
 * client's messages only). Collects parts and allocates once, in `frame()`.
 */

import { violation } from './violation.ts';

export class BodyWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;

  bytes(part: Buffer): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }

  uint8(value: number): this {
    return this.bytes(Buffer.of(value & 0xff));
  }

  /** The low 16 bits, so signed and unsigned values alike. */
  int16(value: number): this {
    return this.bytes(Buffer.of((value >>> 8) & 0xff, value & 0xff));
  }

  /** The low 32 bits, so signed and unsigned values alike. */
  int32(value: number): this {
    return this.bytes(
      Buffer.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff),
    );
  }

  /**
   * UTF-8 with a final NUL.
   * @throws PosternError `protocol-violation` for a NUL inside, which would begin a field of the writer's
   *   choosing
   */
  string(value: string): this {
    return this.bytes(Buffer.from(`${noNul(value)}\0`, 'utf8'));
  }

  /** The frame: type byte, length, body. */
  frame(type: number): Buffer {
    const frame = Buffer.allocUnsafe(this.#length + 5);
    frame[0] = type;
    frame.writeUInt32BE(this.#length + 4, 1);
    this.#copy(frame, 5);
    return frame;
  }

  /** The untyped packet of a connection's start: length, body. */
  packet(): Buffer {
    const packet = Buffer.allocUnsafe(this.#length + 4);
    packet.writeUInt32BE(this.#length + 4, 0);
    this.#copy(packet, 4);
    return packet;
  }

  #copy(target: Buffer, from: number): void {
    let at = from;
    for (const part of this.#parts) at += part.copy(target, at);
  }
}

/**
 * The string itself.
 * @throws PosternError `protocol-violation` if it has a NUL, which no wire string can carry
 */
export function noNul(value: string): string {
  if (value.includes('\0')) throw violation('a string to be sent contains a NUL');
  return value;
}
