/**
 * A client of one's own: after a driver has logged in, its socket is taken over, so that a test may send
 * any bytes in any order. Every byte that the server side sends, from the first, is kept.
 */
import net from 'node:net';
import pg from 'pg';
import { encodeFlush, encodeSync } from '../../src/wire/client/bare.ts';
import { encodeDescribe } from '../../src/wire/client/describe.ts';
import { encodeExecute } from '../../src/wire/client/execute.ts';
import { encodeParse } from '../../src/wire/client/parse.ts';
import { encodeQuery } from '../../src/wire/client/query.ts';

export type Frame = { readonly type: string; readonly body: Buffer };

export type Shape = { readonly format: 0 | 1; readonly describe: 'portal' | 'statement' | 'none' };

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 15_000;

export class WireClient {
  readonly #socket: net.Socket;
  readonly #received: Buffer[] = [];
  readonly frames: Frame[] = [];
  #rest = Buffer.alloc(0);
  #taken = 0;
  #live = false;
  #wake: (() => void) | null = null;
  closed = false;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /** @param parameters start-up settings beside user and database */
  static async open(url: string, parameters: Partial<pg.ClientConfig> = {}): Promise<WireClient> {
    let made: WireClient | null = null;
    const stream = (): net.Socket => {
      const socket = new net.Socket();
      made = new WireClient(socket);
      return socket;
    };
    const client = new pg.Client({ connectionString: url, ...parameters, stream });
    client.on('error', () => undefined);
    await client.connect();
    const wire = made as WireClient | null;
    if (wire === null) throw new Error('the driver asked for no socket');
    wire.#takeOver();
    return wire;
  }

  /** The driver's own listeners go; nothing but ours reads or writes from here on. */
  #takeOver(): void {
    const own = this.#socket.listeners('data')[0] as (chunk: Buffer) => void;
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', own);
    this.#live = true;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  #take(chunk: Buffer): void {
    this.#received.push(Buffer.from(chunk));
    if (!this.#live) return;
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      if (this.#rest.length < 5) break;
      const length = this.#rest.readInt32BE(1);
      if (this.#rest.length < 1 + length) break;
      this.frames.push({
        type: String.fromCharCode(this.#rest[0] ?? 0),
        body: this.#rest.subarray(5, 1 + length),
      });
      this.#rest = this.#rest.subarray(1 + length);
    }
    this.#wake?.();
  }

  send(...messages: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(messages));
  }

  /** Reads nothing, so that what is sent to it piles up on the way. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Waits for a frame of one of these types after those that were waited for before. */
  async until(...types: readonly string[]): Promise<Frame | null> {
    const deadline = Date.now() + ANSWER_MS;
    for (;;) {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++];
        if (frame !== undefined && types.includes(frame.type)) return frame;
      }
      if (this.closed) return null;
      if (Date.now() > deadline) throw new Error(`no answer; the last was ${this.frames.at(-1)?.type}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 500);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async simple(sql: string): Promise<void> {
    this.send(encodeQuery(sql));
    await this.#settle();
  }

  async extended(sql: string, shape: Shape, values: readonly (string | null)[] = []): Promise<void> {
    const messages = [encodeParse({ name: '', sql, parameterTypes: [] })];
    if (shape.describe === 'statement') messages.push(encodeDescribe({ what: 'S', name: '' }));
    messages.push(bind('', '', values, shape.format));
    if (shape.describe === 'portal') messages.push(encodeDescribe({ what: 'P', name: '' }));
    messages.push(encodeExecute({ portal: '', maxRows: 0 }), encodeSync());
    this.send(...messages);
    await this.#settle();
  }

  /** Sends messages and a Sync, and waits for the answer to it. */
  async batch(...messages: readonly Buffer[]): Promise<void> {
    this.send(...messages, encodeSync());
    await this.#settle();
  }

  /** Sends messages and a Flush, and waits for one of the types. */
  async flush(types: readonly string[], ...messages: readonly Buffer[]): Promise<void> {
    this.send(...messages, encodeFlush());
    await this.until('E', ...types);
  }

  /** Ready for more. A COPY that waits for data gets none. */
  async #settle(): Promise<void> {
    for (;;) {
      const frame = await this.until('Z', 'G');
      if (frame === null || frame.type === 'Z') return;
      this.send(Buffer.from([0x66, 0, 0, 0, 5, 0]));
    }
  }

  /** SQLSTATEs of the errors so far. */
  errors(): string[] {
    return this.frames
      .filter((frame) => frame.type === 'E')
      .map((frame) => /\0?C([0-9A-Z]{5})\0/.exec(frame.body.toString('latin1'))?.[1] ?? '?');
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Bind with text parameters and one result format for all columns. */
export function bind(
  portal: string,
  statement: string,
  values: readonly (string | null)[] = [],
  format: 0 | 1 = 0,
): Buffer {
  const int16 = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
  const int32 = (value: number): Buffer => {
    const out = Buffer.alloc(4);
    out.writeInt32BE(value);
    return out;
  };
  const body = Buffer.concat([
    Buffer.from(`${portal}\0${statement}\0`),
    int16(0),
    int16(values.length),
    ...values.map((value) =>
      value === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
    ),
    int16(1),
    int16(format),
  ]);
  return Buffer.concat([Buffer.from('B'), int32(body.length + 4), body]);
}
