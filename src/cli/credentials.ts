/**
 * What `postern login` got from the identity provider, by the url it is for. One file, mode 0600, written anew as a
 * whole. Invariant: a token is found by exactly the url it was got for, so no other place can collect it.
 */
import {
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { checkPrivate, configFolder } from './config-folder.ts';
import { UsageError } from './exit-codes.ts';

const loginSchema = z.strictObject({
  issuer: z.string(),
  clientId: z.string(),
  /** Which of the provider's tokens Postern takes. */
  kind: z.enum(['id', 'access']),
  token: z.string(),
  refreshToken: z.string().nullable(),
  /** In ms since the epoch, as the token itself says. */
  expiresAtMs: z.number(),
});
export type Login = z.output<typeof loginSchema>;

const fileSchema = z.strictObject({ version: z.literal(1), logins: z.record(z.string(), loginSchema) });

/** Milliseconds between two looks for the lock, for which it is waited, and after which its owner must be dead. */
const LOCK_POLL_MS = 50;
const LOCK_WAIT_MS = 20_000;
const LOCK_STALE_MS = 30_000;

export class Credentials {
  readonly #path: string;

  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.#path = join(configFolder(env), 'credentials.json');
  }

  /** @throws UsageError when the file is not private or not as expected */
  find(url: string): Login | null {
    const { logins } = this.#read();
    return Object.hasOwn(logins, url) ? (logins[url] ?? null) : null;
  }

  /** @param login null forgets it */
  put(url: string, login: Login | null): void {
    const { logins } = this.#read();
    const others = Object.entries(logins).filter(([one]) => one !== url);
    const kept = Object.fromEntries(login === null ? others : [...others, [url, login]]);
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const fresh = `${this.#path}.${process.pid}`;
    rmSync(fresh, { force: true });
    // `wx`: never through a link that somebody put there.
    writeFileSync(fresh, `${JSON.stringify({ version: 1, logins: kept }, null, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    renameSync(fresh, this.#path);
  }

  /** One process at a time: a refresh token used twice makes careful providers end the whole sign-in. */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`;
    mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
    for (const since = Date.now(); !tryLock(lock); await sleep(LOCK_POLL_MS)) {
      if (Date.now() - since > LOCK_WAIT_MS)
        throw new UsageError(`${lock} is held by another process`, 'Delete it if no other is running.');
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  #read(): z.output<typeof fileSchema> {
    let text: string;
    try {
      checkPrivate(this.#path);
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { version: 1, logins: {} };
      throw error;
    }
    try {
      return fileSchema.parse(JSON.parse(text));
    } catch {
      throw new UsageError(`${this.#path} is not as expected`, 'Delete it and run `postern login`.');
    }
  }
}

function tryLock(path: string): boolean {
  try {
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    try {
      if (Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS) rmSync(path, { force: true });
    } catch {
      // Its owner has just let go.
    }
    return false;
  }
}
