/** What is measured: nothing in between, a bare pipe, pgbouncer, Postern that allows all, Postern that masks. */
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../fixtures/postgres/embedded.ts';
import { DEFAULT_KEYS } from '../../src/policy/rules.ts';
import type { Certificate } from './certificate.ts';
import { startPgbouncer } from './pgbouncer.ts';

export type Target = {
  readonly name: string;
  readonly url: string;
  /** The process in between; null for a direct connection. */
  readonly process: ChildProcess | null;
  /** The processes whose work counts. */
  readonly pids: readonly (number | undefined)[];
  /** Where Postern's API listens; 0 for others. */
  readonly apiPort: number;
};

export type Upstream = {
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

const START_TIMEOUT_MS = 20_000;
const AGENT = { user: 'bench-agent', password: randomBytes(12).toString('hex') };

/** Of the five columns of `wide`, each kind that needs no HMAC; a hash costs what SHA-256 costs. */
const MASKS = `masks:
  - { name: mail, columns: [public.small.email, public.wide.email], with: { partial: { keepLast: 4 } } }
  - { name: numbers, columns: [public.wide.iban], with: { partial: { keepLast: 2 } } }
  - { name: secrets, columns: [public.wide.phone, public.wide.token], with: redact }
  - { name: never, columns: [public.wide.ssn], with: 'null' }
`;

type Ports = { readonly port: number; readonly apiPort?: number; readonly pids?: readonly number[] };

/** Starts a file of this folder and resolves with the port it says it listens on. */
async function start(
  file: string,
  args: readonly string[],
  execArgv: readonly string[] = [],
): Promise<{ port: number; apiPort: number; child: ChildProcess; pids: readonly (number | undefined)[] }> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = fork(path, args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [...process.execArgv, ...execArgv],
  });
  const ports = await new Promise<Ports>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${file} did not start in time`)), START_TIMEOUT_MS);
    child.once('message', (message: Ports) => {
      clearTimeout(timer);
      resolve(message);
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${file} ended with code ${code} before it was ready`));
    });
  });
  return { apiPort: 0, pids: [child.pid], ...ports, child };
}

export function urlOf(port: number, database: string, login: { user: string; password: string }): string {
  return `postgres://${login.user}:${login.password}@127.0.0.1:${port}/${database}`;
}

export async function startPipe(upstream: Upstream, { certFile, keyFile }: Certificate): Promise<Target> {
  const { port, child, pids } = await start('pipe.ts', [String(upstream.port), certFile, keyFile]);
  return {
    name: 'bare Node pipe',
    url: urlOf(port, upstream.database, upstream),
    process: child,
    pids,
    apiPort: 0,
  };
}

/** Null where it cannot be had; says why on stderr. */
export async function startPgbouncerTarget(
  folder: string,
  upstream: Upstream,
  certificate: Certificate,
): Promise<Target | null> {
  const bouncer = await startPgbouncer(folder, upstream, certificate);
  if (bouncer.kind === 'absent') {
    console.error(`skipped: pgbouncer (${bouncer.why})`);
    return null;
  }
  const url = urlOf(bouncer.port, upstream.database, upstream);
  return { name: 'pgbouncer', url, process: bouncer.child, pids: [bouncer.child.pid], apiPort: 0 };
}

export type PosternOptions = {
  /** Where its configuration, store and trail go. */
  readonly folder: string;
  readonly masks: boolean;
  readonly certificate: Certificate;
  /** More options for Node. */
  readonly execArgv?: readonly string[];
  /** What stands under `limits:`. */
  readonly limits?: string;
  /** SHA-256 of an approver's token, in hex. */
  readonly approver?: string;
  /** Hold DDL, rather than allow it. */
  readonly holdDdl?: boolean;
  /** Several processes, on a PostgreSQL store. */
  readonly several?: { readonly count: number; readonly store: StoreDatabase };
};

export type StoreDatabase = {
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
};

export async function startPosternTarget(upstream: Upstream, options: PosternOptions): Promise<Target> {
  const { folder, masks, certificate, execArgv = [], limits = '{}', holdDdl = false } = options;
  const { approver, several } = options;
  await mkdir(folder, { recursive: true });
  // To see a masked column is never simply allowed.
  const defaults = DEFAULT_KEYS.filter((key) => key !== 'unmask')
    .map((key) => `${key}: ${key === 'ddl' && holdDdl ? 'hold' : 'allow'}`)
    .join(', ');
  await writeFile(join(folder, 'rules.yaml'), `version: 1\n${masks ? MASKS : ''}defaults: { ${defaults} }\n`);
  const login = `{ user: ${upstream.user}, password: { inline: '${upstream.password}' } }`;
  await writeFile(
    join(folder, 'postern.yaml'),
    `listen: { port: ${several === undefined ? 0 : await freePort()}, tls: { cert: ${certificate.certFile}, key: ${certificate.keyFile}, required: false } }
api: { port: 0 }
databases:
  ${upstream.database}:
    host: 127.0.0.1
    port: ${upstream.port}
    environment: bench
    control: ${login}
    logins: { default: ${login} }
limits: ${limits}
${approver === undefined ? '' : `approvers: [{ name: anna, tokenSha256: ${approver} }]`}
maskKey: { inline: '${randomBytes(32).toString('hex')}' }
${several === undefined ? '' : severalOf(several)}`,
    { mode: 0o600 },
  );
  const args = [join(folder, 'postern.yaml'), AGENT.user, AGENT.password];
  const { port, apiPort, child, pids } =
    several === undefined
      ? await start('postern.ts', args, execArgv)
      : await start('posterns.ts', [...args, String(several.count), storeUrl(several.store)], execArgv);
  const processes = several === undefined ? '' : `, ${several.count} processes`;
  return {
    name: `${masks ? 'Postern, masks' : 'Postern, allow all'}${processes}`,
    url: urlOf(port, upstream.database, AGENT),
    process: child,
    pids,
    apiPort,
  };
}

function storeUrl({ port, database, user, password }: StoreDatabase): string {
  return urlOf(port, database, { user, password });
}

function severalOf({ count, store }: NonNullable<PosternOptions['several']>): string {
  const { port, database, user, password } = store;
  const login = `user: ${user}, password: { inline: '${password}' }`;
  return `processes: ${count}
store: { postgres: { host: 127.0.0.1, port: ${port}, database: ${database}, ${login} } }
log: { level: silent }
`;
}

/** Lets a child end in its own way, by closing the channel, and insists after a while. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  if (child.connected) child.disconnect();
  else child.kill('SIGTERM');
  await gone;
  clearTimeout(timer);
}
