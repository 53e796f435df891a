/**
 * One connection of the load generator: no driver, so that none is measured. It starts up with SCRAM (the
 * password's key is derived once for each salt, or connecting would measure the generator), sends prebuilt
 * messages, and counts frames. Without TLS all reads go into one buffer, for the same reason.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FrameCounter, saslInitial, saslResponse, SSL_REQUEST, startup, TERMINATE } from './messages.ts';

const READ_BYTES = 256 * 1024;
const HASH_BYTES = 32;

export class Connection {
  readonly #socket: Socket;
  readonly #counter = new FrameCounter();
  #received: (chunk: Buffer) => void = () => undefined;
  #awaited = 0;
  #done: (() => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => this.#failed?.(error));
    socket.on('close', () => this.#failed?.(new Error('the connection was closed')));
  }

  /** Connected, authenticated and ready. */
  static async open(url: string, tls: boolean): Promise<Connection> {
    const { hostname, port, username, password, pathname } = new URL(url);
    const where = { host: hostname, port: Number(port), noDelay: true };
    let connection: Connection;
    if (tls) {
      connection = new Connection(await encrypted(connect(where)));
      connection.#socket.on('data', (chunk: Buffer) => connection.#received(chunk));
    } else {
      const receive = (bytes: number, buffer: Uint8Array): boolean => {
        connection.#received(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        return true;
      };
      const onread = { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback: receive };
      connection = new Connection(connect({ ...where, onread }));
    }
    await connection.#startUp(username, decodeURIComponent(password), pathname.slice(1));
    return connection;
  }

  get rows(): number {
    return this.#counter.rows;
  }

  close(): Promise<void> {
    this.#failed = null;
    return new Promise((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end(TERMINATE);
      this.#socket.resume();
    });
  }

  async #startUp(user: string, password: string, database: string): Promise<void> {
    const nonce = randomBytes(18).toString('base64');
    const first = `n=,r=${nonce}`;
    await new Promise<void>((resolve, reject) => {
      this.#failed = reject;
      let waiting: Buffer = Buffer.alloc(0);
      this.#received = (chunk) => {
        waiting = Buffer.concat([waiting, chunk]);
        while (waiting.length >= 5 && waiting.length > waiting.readUInt32BE(1)) {
          const size = waiting.readUInt32BE(1) + 1;
          const message = waiting.subarray(0, size);
          waiting = waiting.subarray(size);
          const type = String.fromCharCode(message[0] ?? 0);
          if (type === 'E') reject(new Error(`start-up failed: ${message.toString('latin1', 5, 300)}`));
          else if (type === 'Z') resolve();
          else if (type === 'R') this.#prove(message, first, nonce, password);
        }
      };
      this.#socket.write(startup(user, database));
    });
    this.#received = (chunk) => this.#answer(chunk);
  }

  #prove(message: Buffer, first: string, nonce: string, password: string): void {
    const kind = message.readInt32BE(5);
    if (kind === 10) this.#socket.write(saslInitial(`n,,${first}`));
    else if (kind === 11) {
      const challenge = message.toString('latin1', 9);
      const [, theirs = '', salt = '', rounds = ''] = /^r=([^,]*),s=([^,]*),i=(\d+)/.exec(challenge) ?? [];
      if (!theirs.startsWith(nonce)) throw new Error('the nonce is not ours');
      const clientKey = clientKeyOf(password, salt, Number(rounds));
      const withoutProof = `c=biws,r=${theirs}`;
      const stored = createHash('sha256').update(clientKey).digest();
      const signature = createHmac('sha256', stored).update(`${first},${challenge},${withoutProof}`).digest();
      const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
      this.#socket.write(saslResponse(`${withoutProof},p=${proof.toString('base64')}`));
    }
  }

  #answer(chunk: Buffer): void {
    this.#counter.push(chunk);
    if (this.#counter.errors > 0) {
      this.#counter.errors = 0;
      this.#failed?.(new Error(`the server answered with an error: ${chunk.toString('latin1', 0, 300)}`));
    } else if (this.#counter.ready >= this.#awaited) this.#done?.();
  }

  /** Resolves when the message is answered. */
  send(message: Buffer): Promise<void> {
    return new Promise((done, failed) => {
      this.start(message, done, failed);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Goes away without a word. */
  destroy(): void {
    this.#failed = null;
    this.#socket.destroy();
  }

  start(message: Buffer, done: () => void, failed: (error: Error) => void): void {
    this.#awaited = this.#counter.ready + 1;
    this.#done = done;
    this.#failed = failed;
    this.#socket.write(message);
  }

  /** Sends pieces that are no whole statement, as fast as they are taken. */
  async stream(pieces: Iterable<Buffer>): Promise<void> {
    for (const piece of pieces) {
      if (this.#socket.write(piece)) continue;
      await new Promise<void>((resolve) => this.#socket.once('drain', () => resolve()));
    }
  }

  /** Messages answered until the time is up. No promise a statement: callbacks only. */
  hammer(next: () => Buffer, untilMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let answered = 0;
      const again = (): void => {
        answered += 1;
        if (performance.now() >= untilMs) resolve(answered);
        else this.start(next(), again, reject);
      };
      this.start(next(), again, reject);
    });
  }
}

async function encrypted(socket: Socket): Promise<Socket> {
  socket.write(SSL_REQUEST);
  const answer = await new Promise<Buffer>((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });
  if (answer.toString('latin1') !== 'S') throw new Error('TLS is not spoken there');
  const secure = connectTls({ socket, rejectUnauthorized: false, ALPNProtocols: ['postgresql'] });
  await new Promise<void>((resolve, reject) => {
    secure.once('secureConnect', () => resolve());
    secure.once('error', reject);
  });
  return secure;
}

const clientKeys = new Map<string, Buffer>();

function clientKeyOf(password: string, salt: string, rounds: number): Buffer {
  const name = `${password}/${salt}/${rounds}`;
  const known = clientKeys.get(name);
  if (known !== undefined) return known;
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), rounds, HASH_BYTES, 'sha256');
  const key = createHmac('sha256', salted).update('Client Key').digest();
  clientKeys.set(name, key);
  return key;
}
