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

const SYNC = frame('S');
const EXECUTE = frame('E', text(''), int32(0));
export const TERMINATE = frame('X');

/** Bind with one parameter as text, and Execute. */
function bound(name: string, parameter: string): Buffer {
  const value = Buffer.from(parameter);
  const bind = frame('B', text(''), text(name), int16(0), int16(1), int32(value.length), value, int16(0));
  return Buffer.concat([bind, EXECUTE]);
}

/** One prepared statement with one parameter. */
export function execute(name: string, parameter: string): Buffer {
  return pipeline(name, [parameter]);
}

/** One execution for each parameter, and one Sync behind them all. */
export function pipeline(name: string, parameters: readonly string[]): Buffer {
  return Buffer.concat([...parameters.map((parameter) => bound(name, parameter)), SYNC]);
}

/** Parse, Bind, Execute, Sync of a text without parameters, all results in binary. */
export function executeOnce(sql: string): Buffer {
  const parse = frame('P', text(''), text(sql), int16(0));
  const bind = frame('B', text(''), text(''), int16(0), int16(0), int16(1), int16(1));
  return Buffer.concat([parse, bind, EXECUTE, SYNC]);
}

/** So many rows for the table `sink`, each in a CopyData of its own, as drivers send them. */
export function copyRows(count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, i) => frame('d', Buffer.from(`${i}\tPerson ${i}\tCity ${i % 50}\n`))),
  );
}

/** Type and length of a message whose body is sent in pieces. */
export function frameHead(type: string, bodyBytes: number): Buffer {
  return Buffer.concat([Buffer.from(type), int32(bodyBytes + 4)]);
}

export function copyDone(): Buffer {
  return frame('c');
}

/** 80877103, as PostgreSQL's docs have it, "SSLRequest". */
export const SSL_REQUEST = Buffer.concat([int32(8), int32(80_877_103)]);

/** StartupMessage of protocol 3.0. */
export function startup(user: string, database: string): Buffer {
  const body = [int32(0x30000), ...['user', user, 'database', database].map(text), Buffer.alloc(1)];
  return Buffer.concat([int32(4 + body.reduce((sum, part) => sum + part.length, 0)), ...body]);
}

export function saslInitial(message: string): Buffer {
  const data = Buffer.from(message);
  return frame('p', text('SCRAM-SHA-256'), int32(data.length), data);
}

export function saslResponse(message: string): Buffer {
  return frame('p', Buffer.from(message));
}

const READY = 0x5a;
const ERROR = 0x45;
const DATA_ROW = 0x44;
const COPY_DATA = 0x64;
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
    if (type === DATA_ROW || type === COPY_DATA) this.rows += 1;
    else if (type === READY) this.ready += 1;
    else if (type === ERROR) this.errors += 1;
    this.#skip = bytes.readUInt32BE(at + 1) - 4;
  }
}
