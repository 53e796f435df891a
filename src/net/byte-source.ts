/**
 * Reads a socket by request during start-up, when each step depends on the one before. What was read and
 * not asked for is given back with `release`, so that nothing is lost when the session takes over.
 */
import type { Duplex } from 'node:stream';
import { PosternError } from '../errors.ts';

export class ByteSource {
  readonly #socket: Duplex;
  readonly #maxBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | null = null;
  readonly #onData = (chunk: Buffer): void => {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    // Nobody may make Postern keep more than one start-up message's worth before they are known.
    if (this.#buffer.length > this.#maxBytes) this.#socket.pause();
    this.#notify();
  };
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#notify();
  };

  constructor(socket: Duplex, maxBytes: number) {
    this.#socket = socket;
    this.#maxBytes = maxBytes;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('close', this.#onEnd);
    socket.on('error', this.#onEnd);
  }

  /** Everything received and not consumed. */
  get buffered(): Buffer {
    return this.#buffer;
  }

  consume(bytes: number): Buffer {
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    if (this.#buffer.length <= this.#maxBytes && this.#socket.isPaused()) this.#socket.resume();
    return taken;
  }

  /** Waits for at least one byte more. @throws PosternError `protocol-violation` when the peer is gone */
  async more(): Promise<void> {
    if (this.#ended)
      throw new PosternError('protocol-violation', { reason: 'the connection ended during start-up' });
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#ended && this.#buffer.length === 0) {
      throw new PosternError('protocol-violation', { reason: 'the connection ended during start-up' });
    }
  }

  /** Stops reading and gives back what is left; the socket is paused. */
  release(): Buffer {
    this.#socket.pause();
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.off('error', this.#onEnd);
    return this.#buffer;
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

/** The next whole typed message. @throws PosternError `protocol-violation` */
export async function nextMessage(source: ByteSource, maxLength: (type: number) => number): Promise<Buffer> {
  for (;;) {
    const { buffered } = source;
    if (buffered.length >= 5) {
      const type = buffered.readUInt8(0);
      const length = buffered.readUInt32BE(1);
      if (length < 4 || length > maxLength(type)) {
        throw new PosternError('protocol-violation', {
          reason: `message 0x${type.toString(16)} of length ${length}`,
        });
      }
      if (buffered.length >= length + 1) return source.consume(length + 1);
    }
    await source.more();
  }
}
