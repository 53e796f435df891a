/**
 * The two ways out of a session. Pieces gathered while one chunk is handled leave in one write; adjoining
 * pieces of the same buffer become one piece, so traffic that passes unchanged goes out as it came, by
 * reference. A write that is not taken pauses the other side until it drains (I9).
 */
import type { Duplex } from 'node:stream';
import type { Permit } from '../gate/permit.ts';

/** Up to this many bytes, copying pieces together costs less than handing the kernel a vector of them. */
const JOIN_BYTES = 16_384;

class Outlet {
  readonly #socket: Duplex;
  readonly #full: (full: boolean) => void;
  #pieces: Buffer[] = [];
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
    this.#closeRun();
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (!this.#socket.writable) return;
    this.#written += bytes;
    let taken = true;
    if (pieces.length === 1 || bytes <= JOIN_BYTES) {
      taken = this.#socket.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, bytes));
    } else {
      this.#socket.cork();
      for (const piece of pieces) taken = this.#socket.write(piece);
      this.#socket.uncork();
    }
    if (!taken) this.#full(true);
  }

  #closeRun(): void {
    const run = this.#run;
    if (run === null) return;
    const whole = this.#runStart === 0 && this.#runEnd === run.length;
    this.#pieces.push(whole ? run : run.subarray(this.#runStart, this.#runEnd));
    this.#bytes += this.#runEnd - this.#runStart;
    this.#run = null;
    this.#runStart = 0;
    this.#runEnd = 0;
  }
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
  forward(permit: Permit, buffer: Buffer, start: number, end: number): void {
    permit.spend();
    this.add(buffer, start, end);
  }

  send(permit: Permit, message: Buffer): void {
    permit.spend();
    this.add(message, 0, message.length);
  }
}
