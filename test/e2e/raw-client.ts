/**
 * A client that says exactly what a test tells it to: any bytes, any message, in any pieces, to Postern or
 * straight to a server. It starts up with Postern's own SCRAM and collects what the server sends, undecoded.
 * Non-goal: being right. Nothing is checked unless a test checks it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFlush, encodeSync } from '../../src/wire/client/bare.ts';
import { encodeClose } from '../../src/wire/client/close.ts';
import { encodeDescribe } from '../../src/wire/client/describe.ts';
import { encodeExecute } from '../../src/wire/client/execute.ts';
import { encodeParse } from '../../src/wire/client/parse.ts';
import { encodeQuery } from '../../src/wire/client/query.ts';
import { encodeSaslInitialResponse } from '../../src/wire/client/sasl-initial-response.ts';
import { encodeSaslResponse } from '../../src/wire/client/sasl-response.ts';
import { ScramClient } from '../../src/wire/scram.ts';
import { decodeAuthentication } from '../../src/wire/server/authentication.ts';
import { decodeBackendKeyData } from '../../src/wire/server/backend-key-data.ts';
import { decodeDataRow } from '../../src/wire/server/data-row.ts';
import { decodeErrorResponse } from '../../src/wire/server/error-response.ts';
import { encodeCancelRequest, encodeStartup } from '../../src/wire/startup.ts';

/** One whole message as it came, type byte included. */
export type Message = { readonly type: string; readonly bytes: Buffer };

export type Target = {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly minor?: number;
  readonly parameters?: Readonly<Record<string, string>>;
};

const WAIT_MS = 8_000;

export class RawClient {
  readonly socket: Duplex;
  /** Everything received since the last `take`. */
  messages: Message[] = [];
  closed = false;
  key: { pid: number; key: Buffer } = { pid: 0, key: Buffer.alloc(4) };
  #buffer: Buffer = Buffer.alloc(0);
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = 5;
  #wake: (() => void)[] = [];

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#parts.push(chunk);
      this.#bytes += chunk.length;
      // Joined only once the next message is whole, or a long one would be copied for each of its pieces.
      if (this.#bytes < this.#wanted) return;
      this.#buffer = Buffer.concat(this.#parts);
      this.#cut();
      this.#parts = [this.#buffer];
      this.#bytes = this.#buffer.length;
      this.#wanted = this.#bytes < 5 ? 5 : this.#buffer.readUInt32BE(1) + 1;
      this.#notify();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
      this.#notify();
    });
  }

  /** A TCP connection on which nothing has been said yet. */
  static async open(port: number): Promise<RawClient> {
    const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', () => resolve());
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** Connected, authenticated, ready, and with nothing left in `messages`. */
  static async connect(target: Target): Promise<RawClient> {
    const client = await RawClient.open(target.port);
    await client.startUp(target);
    const last = (await client.until('ZE')).at(-1);
    assert.equal(last?.type, 'Z', `start-up failed: ${JSON.stringify(client.errors())}`);
    client.messages = [];
    return client;
  }

  /**
   * Sends the StartupMessage and answers what is asked; leaves the outcome in `messages`.
   * @param tail sent right behind the proof, in one piece with it
   */
  async startUp(target: Target, tail: Buffer = Buffer.alloc(0)): Promise<void> {
    const { user, password, database, minor = 0, parameters = {} } = target;
    this.send(encodeStartup(minor, new Map(Object.entries({ user, database, ...parameters }))));
    const scram = new ScramClient({
      password,
      nonce: randomBytes(18).toString('base64'),
      channelBinding: null,
    });
    for (;;) {
      await this.wait(() => this.messages.some((m) => m.type === 'R' || m.type === 'E') || this.closed);
      const at = this.messages.findIndex((m) => m.type === 'R');
      if (at < 0) return;
      const [message] = this.messages.splice(at, 1);
      const request = decodeAuthentication(message!.bytes, 0, message!.bytes.length);
      if (request.kind === 'ok') return;
      if (request.kind === 'sasl') {
        const { mechanism, message: initial } = scram.start(request.mechanisms);
        this.send(encodeSaslInitialResponse(mechanism, initial));
      } else if (request.kind === 'sasl-continue') {
        this.send(encodeSaslResponse(await scram.continue(request.data)), tail);
      } else if (request.kind === 'sasl-final') scram.finish(request.data);
    }
  }

  send(...parts: readonly (Buffer | string)[]): void {
    this.socket.write(
      Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p, 'latin1') : p))),
    );
  }

  /** One byte at a time, each in a packet of its own as far as the machine lets it. */
  async trickle(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      this.socket.write(Buffer.of(byte));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Waits for a message of one of these types (or the end) and gives everything up to and with it. */
  async until(types: string, count = 1): Promise<Message[]> {
    const enough = (): number => {
      let seen = 0;
      return this.messages.findIndex((m) => types.includes(m.type) && (seen += 1) === count);
    };
    await this.wait(() => enough() >= 0 || this.closed);
    const at = enough();
    return this.messages.splice(0, at < 0 ? this.messages.length : at + 1);
  }

  /** Sends and waits for as many ReadyForQuery as said. */
  async ask(...parts: readonly Buffer[]): Promise<Message[]> {
    this.send(...parts);
    return this.until('Z');
  }

  query(sql: string): Promise<Message[]> {
    return this.ask(encodeQuery(sql));
  }

  /** What arrives until nothing has for a while. */
  async quiet(ms = 150): Promise<Message[]> {
    let before = -1;
    while (before !== this.messages.length) {
      before = this.messages.length;
      await sleep(ms);
    }
    return this.messages.splice(0);
  }

  async ended(): Promise<Message[]> {
    await this.wait(() => this.closed);
    return this.messages.splice(0);
  }

  async wait(condition: () => boolean): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition()) {
      if (Date.now() > deadline) assert.fail(`nothing more came after ${shape(this.messages) || 'nothing'}`);
      await Promise.race([
        sleep(250),
        new Promise<void>((resolve) => {
          this.#wake.push(resolve);
        }),
      ]);
    }
  }

  errors(): readonly string[] {
    return errorsIn(this.messages);
  }

  destroy(): void {
    this.socket.destroy();
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  #cut(): void {
    while (this.#buffer.length >= 5) {
      const size = this.#buffer.readUInt32BE(1) + 1;
      if (this.#buffer.length < size) return;
      const bytes = this.#buffer.subarray(0, size);
      this.#buffer = this.#buffer.subarray(size);
      const type = String.fromCharCode(bytes[0]!);
      if (type === 'K') this.key = decodeBackendKeyData(bytes, 0, bytes.length);
      this.messages.push({ type, bytes });
    }
  }
}

/** The types in order: `TDDCZ`. Rows and COPY data in a run count once when `short`. */
export function shape(messages: readonly Message[]): string {
  return messages.map((m) => m.type).join('');
}

/** `ReadyForQuery`'s status, of the last one. */
export function status(messages: readonly Message[]): string {
  const last = messages.findLast((m) => m.type === 'Z');
  return last === undefined ? '' : String.fromCharCode(last.bytes[5]!);
}

export function errorsIn(messages: readonly Message[]): readonly string[] {
  return messages
    .filter((m) => m.type === 'E')
    .map((m) => {
      const fields = decodeErrorResponse(m.bytes, 0, m.bytes.length);
      return `${fields.get('V')} ${fields.get('C')} ${fields.get('M')}`;
    });
}

export function codesIn(messages: readonly Message[]): readonly string[] {
  return errorsIn(messages).map((e) => e.split(' ')[1]!);
}

/** Every row's values, as text. */
export function rowsIn(messages: readonly Message[]): readonly (string | null)[][] {
  return messages
    .filter((m) => m.type === 'D')
    .map((m) => decodeDataRow(m.bytes, 0, m.bytes.length).map((v) => (v === null ? null : v.toString())));
}

/** All COPY data, joined. */
export function copyIn(messages: readonly Message[]): Buffer {
  return Buffer.concat(messages.filter((m) => m.type === 'd').map((m) => m.bytes.subarray(5)));
}

export function text(messages: readonly Message[]): string {
  return messages.map((m) => m.bytes.toString('latin1')).join('');
}

export type BindArguments = {
  readonly portal?: string;
  readonly statement?: string;
  readonly values?: readonly (Buffer | string | null)[];
  readonly formats?: readonly number[];
  readonly resultFormats?: readonly number[];
};

/** Bind, written out here because tests need shapes no driver would send. */
export function bind(options: BindArguments = {}): Buffer {
  const { portal = '', statement = '', values = [], formats = [], resultFormats = [] } = options;
  const codes = (list: readonly number[]): Buffer => {
    const out = Buffer.alloc(2 + 2 * list.length);
    out.writeUInt16BE(list.length, 0);
    for (const [i, code] of list.entries()) out.writeInt16BE(code, 2 + 2 * i);
    return out;
  };
  const count = Buffer.alloc(2);
  count.writeUInt16BE(values.length);
  const encoded = values.map((value) => {
    const length = Buffer.alloc(4);
    if (value === null) {
      length.writeInt32BE(-1);
      return length;
    }
    const bytes = Buffer.from(value);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  });
  return frame(
    'B',
    Buffer.concat([
      Buffer.from(`${portal}\0${statement}\0`),
      codes(formats),
      count,
      ...encoded,
      codes(resultFormats),
    ]),
  );
}

export function frame(type: string, body: Buffer | string): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE(bytes.length + 4, 1);
  return Buffer.concat([head, bytes]);
}

export const parse = (sql: string, name = ''): Buffer => encodeParse({ name, sql, parameterTypes: [] });
export const describe = (what: 'S' | 'P', name = ''): Buffer => encodeDescribe({ what, name });
export const execute = (portal = '', maxRows = 0): Buffer => encodeExecute({ portal, maxRows });
export const close = (what: 'S' | 'P', name = ''): Buffer => encodeClose({ what, name });
export const query = encodeQuery;
export const sync = encodeSync;
export const flush = encodeFlush;

/** Sends a CancelRequest on a connection of its own and waits until it is closed. */
export async function cancel(port: number, key: { pid: number; key: Buffer }): Promise<void> {
  const other = await RawClient.open(port);
  other.send(encodeCancelRequest(key.pid, key.key));
  await other.ended();
}
