/** Client messages as bytes, and the least reading of server frames that tells when a statement is done. */

/** A frame of the protocol from version 3 on: type, length with itself, body. */
function frame(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(5, type);
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function query(sql: string): Buffer {
  return frame('Q', text(sql));
}

/** Parse and Sync: answered by one ReadyForQuery. */
export function prepare(name: string, sql: string): Buffer {
  return Buffer.concat([frame('P', text(name), text(sql), int16(0)), frame('S')]);
}

/** Bind with one parameter as text, Execute, Sync. */
export function execute(name: string, parameter: string): Buffer {
  const value = Buffer.from(parameter);
  const bind = frame('B', text(''), text(name), int16(0), int16(1), int32(value.length), value, int16(0));
  return Buffer.concat([bind, frame('E', text(''), int32(0)), frame('S')]);
}

const READY = 0x5a;
const ERROR = 0x45;
const DATA_ROW = 0x44;
const HEADER_BYTES = 5;

/** Counts frames over chunks cut anywhere, without a byte copied but a header that is cut. */
export class FrameCounter {
  ready = 0;
  rows = 0;
  errors = 0;
  bytes = 0;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #skip = 0;

  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else if (this.#headerBytes === 0 && chunk.length - at >= HEADER_BYTES) {
        this.#begin(chunk, at);
        at += HEADER_BYTES;
      } else {
        this.#header[this.#headerBytes] = chunk[at] ?? 0;
        this.#headerBytes += 1;
        at += 1;
        if (this.#headerBytes === HEADER_BYTES) {
          this.#headerBytes = 0;
          this.#begin(this.#header, 0);
        }
      }
    }
  }

  #begin(bytes: Buffer, at: number): void {
    const type = bytes[at];
    if (type === DATA_ROW) this.rows += 1;
    else if (type === READY) this.ready += 1;
    else if (type === ERROR) this.errors += 1;
    this.#skip = bytes.readUInt32BE(at + 1) - 4;
  }
}
