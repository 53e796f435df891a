/**
 * pgbouncer in session mode, for comparison: the installed one, or Debian's package unpacked into a cache folder
 * (nothing is installed). Where it cannot be had, the caller is told why and goes on without.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { asAccount, locateBinaries } from '../../fixtures/postgres/binaries.ts';
import { freePort } from '../../fixtures/postgres/embedded.ts';
import type { Certificate } from './certificate.ts';
import type { Upstream } from './targets.ts';

/** pgbouncer and what of its libraries a small system lacks. */
const PACKAGES = ['pgbouncer', 'libc-ares2', 'libevent-2.1-7'];
const START_TRIES = 100;

type Program = { readonly file: string; readonly libraries: string };

export type Bouncer =
  | { readonly kind: 'running'; readonly port: number; readonly child: ChildProcess }
  | { readonly kind: 'absent'; readonly why: string };

/** @param folder for its configuration; made readable to the account it runs under */
export async function startPgbouncer(
  folder: string,
  upstream: Upstream,
  { certFile, keyFile }: Certificate,
): Promise<Bouncer> {
  const { account, cache } = await locateBinaries();
  const program = find(cache);
  if ('why' in program) return { kind: 'absent', why: program.why };
  const port = await freePort();
  const [config, users] = [join(folder, 'pgbouncer.ini'), join(folder, 'users.txt')];
  writeFileSync(
    config,
    `[databases]
${upstream.database} = host=127.0.0.1 port=${upstream.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${users}
pool_mode = session
max_client_conn = 200
default_pool_size = 200
server_tls_sslmode = disable
client_tls_sslmode = allow
client_tls_cert_file = ${certFile}
client_tls_key_file = ${keyFile}
log_connections = 0
log_disconnections = 0
`,
  );
  writeFileSync(users, `"${upstream.user}" "${upstream.password}"\n`, { mode: 0o600 });
  for (const file of [config, users, certFile, keyFile])
    if (account !== null) chownSync(file, account.uid, account.gid);
  const child = spawn(program.file, ['-q', config], {
    ...asAccount(account),
    env: { ...process.env, LD_LIBRARY_PATH: program.libraries },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  child.on('error', () => undefined);
  for (let tries = 0; tries < START_TRIES; tries += 1) {
    if (child.exitCode !== null || child.pid === undefined)
      return { kind: 'absent', why: `it ended with code ${child.exitCode} at its start` };
    if (await listens(port)) return { kind: 'running', port, child };
    await sleep(50);
  }
  child.kill('SIGKILL');
  return { kind: 'absent', why: 'it did not listen in time' };
}

function find(cache: string): Program | { readonly why: string } {
  const installed = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((file) => existsSync(file));
  if (installed !== undefined) return { file: installed, libraries: '' };
  const root = join(cache, 'pgbouncer');
  const file = join(root, 'usr/sbin/pgbouncer');
  if (!existsSync(file)) {
    const why = unpack(root);
    if (why !== null) return { why };
  }
  const libraries = readdirSync(join(root, 'usr/lib')).map((name) => join(root, 'usr/lib', name));
  return { file, libraries: libraries.join(':') };
}

/** @returns what went wrong */
function unpack(root: string): string | null {
  const packages = `${root}.packages`;
  mkdirSync(packages, { recursive: true, mode: 0o755 });
  const options = ['-qq', '-o', 'APT::Sandbox::User=root', 'download', ...PACKAGES];
  const got = spawnSync('apt-get', options, { cwd: packages, encoding: 'utf8' });
  if (got.status !== 0) return `apt-get download: ${(got.error?.message ?? got.stderr).trim().slice(0, 200)}`;
  for (const name of readdirSync(packages)) {
    const unpacked = spawnSync('dpkg', ['-x', join(packages, name), root], { encoding: 'utf8' });
    if (unpacked.status !== 0) return `dpkg -x ${name}: ${unpacked.stderr.trim().slice(0, 200)}`;
  }
  chmodSync(root, 0o755);
  return null;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
