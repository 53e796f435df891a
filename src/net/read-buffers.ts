/**
 * Where reads from the database go. Left alone, Node makes a new buffer of 64 KiB for each read, and a large
 * result leaves hundreds of megabytes of them to a collector that does not see them in time, for they lie outside
 * its heap. Here a buffer is read into again as soon as nobody needs what was in it.
 *
 * Invariant: bytes somebody may still read are never overwritten. Until a session says how far its client has
 * taken what it was given, every read has a buffer of its own.
 * Non-goal: TLS to the database, whose decrypted bytes Node hands over in buffers of their own.
 */
import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { ReadProgress } from '../session/session.ts';

/** An idle session keeps one of these; answers to small statements fit. */
export const SMALL_READ_BYTES = 8 * 1024;
/** What libuv suggests for one read, and so what Node would use. */
export const LARGE_READ_BYTES = 64 * 1024;
/** Large buffers that wait to be read into, of all sessions together. More are left to the collector. */
export const MAX_SPARE_BUFFERS = 64;

type Kept = { readonly buffer: Buffer; readonly until: number };

const spare: Buffer[] = [];

export class ReadBuffers {
  #current: Buffer = Buffer.allocUnsafeSlow(SMALL_READ_BYTES);
  /** Read, and not yet taken by the client, oldest first. */
  #kept: Kept[] = [];
  #progress: ReadProgress | null = null;

  /** For the next read. */
  get current(): Buffer {
    return this.#current;
  }

  /** From now on buffers are used again, as far as `progress` lets them. */
  follow(progress: ReadProgress): void {
    this.#progress = progress;
  }

  /**
   * The buffer for the next read, once the last one has been handled.
   * @param bytes how many it brought
   */
  next(bytes: number): Buffer {
    const { length } = this.#current;
    const progress = this.#progress;
    const more = bytes === length || (length > SMALL_READ_BYTES && bytes >= SMALL_READ_BYTES);
    const wanted = more && progress?.idle !== true ? LARGE_READ_BYTES : SMALL_READ_BYTES;
    const inUse = progress === null || this.#inUse(progress);
    if (!inUse && wanted === length) return this.#current;
    if (!inUse) giveBack(this.#current);
    this.#current = (wanted === LARGE_READ_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(wanted);
    return this.#current;
  }

  /** Sees to what was kept on the way. */
  #inUse(progress: ReadProgress): boolean {
    const { given, taken } = progress;
    const kept = this.#kept;
    while (kept.length > 0 && kept[0]!.until <= taken) giveBack(kept.shift()!.buffer);
    // Bytes that were not even handled yet may be kept by anybody: the collector will know.
    if (progress.holding) return true;
    if (taken >= given) return false;
    kept.push({ buffer: this.#current, until: given });
    return true;
  }
}

function giveBack(buffer: Buffer): void {
  if (buffer.length === LARGE_READ_BYTES && spare.length < MAX_SPARE_BUFFERS) spare.push(buffer);
}

/** Connects; what is read comes by `data` events as ever, in the buffers' memory. */
export function connectInto(buffers: ReadBuffers, where: TcpNetConnectOpts): Socket {
  let last = 0;
  const callback = (bytes: number, into: Uint8Array): boolean => {
    last = bytes;
    socket.emit('data', Buffer.from(into.buffer, into.byteOffset, bytes));
    return true;
  };
  // Asked for after each read, and for each address that is tried.
  const buffer = (): Buffer => {
    const bytes = last;
    last = 0;
    return bytes === 0 ? buffers.current : buffers.next(bytes);
  };
  const socket = connect({ ...where, onread: { buffer, callback } });
  return socket;
}
