/**
 * The two ways out of a session. Pieces gathered while one chunk is handled leave in one write; adjoining
 * pieces of the same buffer become one piece, so traffic that passes unchanged goes out as it came, by
 * reference. A write that is not taken pauses the other side until it drains (I9).
 */
import type { Duplex } from 'node:stream';
import type { Permit } from '../gate/permit.ts';
import { copyBytes } from '../masking/bytes.ts';

/** Up to this many bytes, copying pieces together costs less than handing the kernel a vector of them. */
const JOIN_BYTES = 16_384;

/** A part of a buffer, by reference. */
type Piece = { readonly buffer: Buffer; readonly start: number; readonly end: number };

class Outlet {
  readonly #socket: Duplex;
  readonly #full: (full: boolean) => void;
  #pieces: Piece[] = [];
  #bytes = 0;
  #run: Buffer | null = null;
  #runStart = 0;
  #runEnd = 0;
  #written = 0;

  /** @param full called with true when the socket asks for a pause, and with false when it has drained */
  constructor(socket: Duplex, full: (full: boolean) => void) {
    this.#socket = socket;
    this.#full = full;
    socket.on('drain', () => full(false));
  }

  /** Bytes added so far. */
  get given(): number {
    return this.#written + this.#bytes + (this.#runEnd - this.#runStart);
  }

  /** Bytes that have left the process: nobody needs their memory any more. */
  get taken(): number {
    return this.#written - this.#socket.writableLength;
  }

  /** Something was handed to the socket. */
  protected wrote(): void {}

  /** Adds `buffer[start, end)` by reference. */
  protected add(buffer: Buffer, start: number, end: number): void {
    if (this.#run === buffer && this.#runEnd === start) {
      this.#runEnd = end;
      return;
    }
    this.#closeRun();
    this.#run = buffer;
    this.#runStart = start;
    this.#runEnd = end;
  }

  /** Hands all that was gathered to the socket, in one system call where it can. */
  flush(): void {
    const pieces = this.#pieces;
    const run = this.#run;
    if (run === null) return;
    const bytes = this.#bytes + this.#runEnd - this.#runStart;
    const writable = this.#socket.writable;
    let taken = true;
    if (writable && pieces.length === 0) {
      taken = this.#socket.write(viewOf(run, this.#runStart, this.#runEnd));
    } else if (writable) {
      this.#closeRun();
      taken = bytes <= JOIN_BYTES ? this.#socket.write(joined(pieces, bytes)) : this.#writeAll(pieces);
    }
    if (pieces.length > 0) this.#pieces = [];
    this.#bytes = 0;
    this.#run = null;
    this.#runStart = 0;
    this.#runEnd = 0;
    if (!writable) return;
    this.#written += bytes;
    this.wrote();
    if (!taken) this.#full(true);
  }

  #writeAll(pieces: readonly Piece[]): boolean {
    let taken = true;
    this.#socket.cork();
    for (const { buffer, start, end } of pieces) taken = this.#socket.write(viewOf(buffer, start, end));
    this.#socket.uncork();
    return taken;
  }

  #closeRun(): void {
    if (this.#run === null) return;
    this.#pieces.push({ buffer: this.#run, start: this.#runStart, end: this.#runEnd });
    this.#bytes += this.#runEnd - this.#runStart;
    this.#run = null;
    this.#runStart = 0;
    this.#runEnd = 0;
  }
}

function viewOf(buffer: Buffer, start: number, end: number): Buffer {
  return start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end);
}

function joined(pieces: readonly Piece[], bytes: number): Buffer {
  const all = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const { buffer, start, end } of pieces) at = copyBytes(buffer, start, end, all, at);
  return all;
}

export class ClientWriter extends Outlet {
  forward(buffer: Buffer, start: number, end: number): void {
    this.add(buffer, start, end);
  }

  send(message: Buffer): void {
    this.add(message, 0, message.length);
  }
}

/** Nothing goes upstream without a permit (I1). */
export class UpstreamWriter extends Outlet {
  #wroteAtMs = 0;

  /** When the server was last sent something, as `performance.now` has it. */
  get wroteAtMs(): number {
    return this.#wroteAtMs;
  }

  protected override wrote(): void {
    this.#wroteAtMs = performance.now();
  }

  forward(permit: Permit, buffer: Buffer, start: number, end: number): void {
    permit.spend();
    this.add(buffer, start, end);
  }

  send(permit: Permit, message: Buffer): void {
    permit.spend();
    this.add(message, 0, message.length);
  }
}
