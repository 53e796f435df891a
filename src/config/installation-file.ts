/**
 * postern.yaml as an Installation: validated, paths made absolute (relative ones are relative to the file),
 * secrets read from where it points. Invariant: either everything in it is usable or every problem is
 * reported with its line; nothing is started with half a configuration. It does not read rules.yaml and
 * opens no connection.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { channelConfigs, urlFault } from './channel-config.ts';
import type { ChannelConfig } from './channel-config.ts';
import { approverConfig, approverFaults, oidcFaults } from './approver-list.ts';
import * as defaults from './defaults.ts';
import { installationSchema } from './installation-schema.ts';
import type { WrittenDatabase, WrittenInstallation, WrittenTls } from './installation-schema.ts';
import type {
  ApproverConfig,
  DatabaseConfig,
  Installation,
  Limits,
  Login,
  OidcConfig,
  StoreConfig,
  TlsFiles,
} from './installation.ts';
import { MAX_PROBLEMS } from './limits.ts';
import { isLoopback } from './loopback.ts';
import { oidcConfig } from './oidc-schema.ts';
import type { Path, Problem } from './problem.ts';
import { problemsOf } from './schema-problems.ts';
import { decodeMaskKey, fileFault, readSecret, readText } from './secrets.ts';
import type { Env } from './secrets.ts';
import type { WrittenSecret } from './secret-schema.ts';
import { readYaml } from './yaml-source.ts';
import type { YamlSource } from './yaml-source.ts';

export type InstallationReading =
  | { readonly kind: 'ok'; readonly installation: Installation }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** The login an agent uses that names no other. */
export const DEFAULT_LOGIN = 'default';

/**
 * @param env where `env:` secrets are looked up; the process's own, in production
 * @param processes in place of what the file says of them; null: as it says
 */
export function loadInstallation(
  file: string,
  env: Env,
  processes: number | null = null,
): InstallationReading {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const message = `cannot read the file: ${fileFault(error)}`;
    return { kind: 'invalid', problems: [{ file, line: 1, column: 1, path: '', message, suggestion: null }] };
  }
  const reading = readYaml(bytes, file);
  if (reading.kind === 'invalid') return reading;
  const parsed = installationSchema.safeParse(reading.source.data ?? {});
  if (!parsed.success) {
    const problems = problemsOf(reading.source, installationSchema, parsed.error.issues, {});
    return { kind: 'invalid', problems: inOrder(problems) };
  }
  const reader = new Reader(reading.source, dirname(resolve(file)), env);
  const installation = reader.installation(processes === null ? parsed.data : { ...parsed.data, processes });
  return reader.problems.length > 0
    ? { kind: 'invalid', problems: inOrder(reader.problems) }
    : { kind: 'ok', installation };
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => a.line - b.line || a.column - b.column).slice(0, MAX_PROBLEMS);
}

/** Follows what the file points at. Stand-ins returned beside a problem are never used: the reading fails. */
class Reader {
  readonly problems: Problem[] = [];
  readonly #source: YamlSource;
  readonly #folder: string;
  readonly #env: Env;

  constructor(source: YamlSource, folder: string, env: Env) {
    this.#source = source;
    this.#folder = folder;
    this.#env = env;
  }

  installation(written: WrittenInstallation): Installation {
    const { listen, api, trail } = written;
    const databases = new Map(
      Object.entries(written.databases).map(([name, one]) => [name, this.#database(name, one)]),
    );
    if (databases.size === 0) this.#bad(['databases'], 'there is no database', 'add one under databases');
    const apiHost = api?.host ?? defaults.DEFAULT_API_HOST;
    if (!isLoopback(apiHost) && api?.allowRemote !== true) {
      this.#bad(
        ['api', 'host'],
        `the API would be reachable from other machines at ${apiHost}, without TLS`,
        'use 127.0.0.1, or put a TLS proxy before it and set api.allowRemote: true',
      );
    }
    return {
      processes: this.#processes(written),
      listen: {
        host: listen?.host ?? defaults.DEFAULT_LISTEN_HOST,
        port: listen?.port ?? defaults.DEFAULT_LISTEN_PORT,
        reusePort: listen?.reusePort ?? false,
        tls: this.#listenTls(listen?.tls),
        tlsRequired: listen?.tls === undefined ? false : (listen.tls.required ?? true),
      },
      api: {
        host: apiHost,
        port: api?.port ?? defaults.DEFAULT_API_PORT,
        publicUrl: this.#publicUrl(api?.publicUrl),
      },
      databases,
      approvers: this.#approvers(written),
      channels: this.#channels(written),
      oidc: this.#oidc(written),
      rulesFile: resolve(this.#folder, written.rules ?? defaults.DEFAULT_RULES_FILE),
      store: this.#store(written),
      trail: {
        folder: resolve(this.#folder, trail?.folder ?? defaults.DEFAULT_TRAIL_FOLDER),
        sync: trail?.sync ?? defaults.DEFAULT_TRAIL_SYNC,
        segmentBytes: trail?.segmentBytes ?? defaults.DEFAULT_SEGMENT_BYTES,
      },
      maskKey: this.#maskKey(written.maskKey),
      limits: limits(written.limits ?? {}),
      log: { level: written.log?.level ?? defaults.DEFAULT_LOG_LEVEL },
    };
  }

  #database(name: string, written: WrittenDatabase): DatabaseConfig {
    const at: Path = ['databases', name];
    const logins = new Map<string, Login>();
    for (const [key, login] of Object.entries(written.logins)) {
      const path = [...at, 'logins', key];
      logins.set(key, { user: login.user, password: this.#secret([...path, 'password'], login.password) });
    }
    if (!logins.has(DEFAULT_LOGIN)) {
      this.#bad(
        [...at, 'logins'],
        `there is no login "${DEFAULT_LOGIN}", which agents use that name no other`,
        'add one',
      );
    }
    return {
      name,
      host: written.host,
      port: written.port ?? defaults.DEFAULT_UPSTREAM_PORT,
      database: written.database ?? name,
      environment: written.environment,
      tls: this.#tls([...at, 'tls'], written.host, written.tls),
      control: {
        user: written.control.user,
        password: this.#secret([...at, 'control', 'password'], written.control.password),
      },
      logins,
    };
  }

  #tls(at: Path, host: string, written: WrittenTls | undefined): DatabaseConfig['tls'] {
    const mode = written?.mode ?? (isLoopback(host) ? 'disable' : 'verify-full');
    const ca = written?.ca;
    if (mode !== 'verify-full' && ca !== undefined) {
      this.#bad(
        [...at, 'ca'],
        `a certificate authority is only used with mode verify-full, and the mode is ${mode}`,
        'write mode: verify-full',
      );
    }
    const caPem = ca === undefined ? null : this.#pem([...at, 'ca'], ca);
    return { mode, caPem, serverName: written?.serverName ?? null };
  }

  #store({ store, trail }: WrittenInstallation): StoreConfig {
    const keepMs = store?.keep ?? defaults.DEFAULT_STORE_KEEP_MS;
    const written = store?.postgres;
    if (written === undefined) {
      const file = resolve(this.#folder, store?.file ?? defaults.DEFAULT_STORE_FILE);
      return { kind: 'sqlite', file, keepMs };
    }
    const { host, database, user } = written;
    const at: Path = ['store', 'postgres'];
    return {
      kind: 'postgres',
      host,
      database,
      user,
      keepMs,
      port: written.port ?? defaults.DEFAULT_UPSTREAM_PORT,
      password: this.#secret([...at, 'password'], written.password),
      tls: this.#tls([...at, 'tls'], host, written.tls),
      schema: written.schema ?? defaults.DEFAULT_STORE_SCHEMA,
      // One process at a time has a trail folder, so machine and folder name one Postern.
      instance:
        written.instance ??
        `${hostname()}:${resolve(this.#folder, trail?.folder ?? defaults.DEFAULT_TRAIL_FOLDER)}`,
    };
  }

  #processes({ processes = defaults.DEFAULT_PROCESSES, store, listen }: WrittenInstallation): number {
    if (processes === 1) return processes;
    const at: Path = ['processes'];
    if (store?.postgres === undefined) {
      this.#bad(
        at,
        `${processes} processes need a store that they can share`,
        'add store.postgres, or run one process',
      );
    }
    if (listen?.port === 0) {
      this.#bad(at, `${processes} processes need one port that they can share`, 'give listen.port a number');
    }
    return processes;
  }

  #listenTls(written: { readonly cert: string; readonly key: string } | undefined): TlsFiles | null {
    if (written === undefined) return null;
    return {
      certPem: this.#pem(['listen', 'tls', 'cert'], written.cert),
      keyPem: this.#pem(['listen', 'tls', 'key'], written.key),
    };
  }

  #approvers(written: WrittenInstallation): readonly ApproverConfig[] {
    for (const { path, message, suggestion } of approverFaults(written)) this.#bad(path, message, suggestion);
    return (written.approvers ?? []).map(approverConfig);
  }

  #oidc(written: WrittenInstallation): OidcConfig | null {
    for (const { path, message, suggestion } of oidcFaults(written)) this.#bad(path, message, suggestion);
    return written.oidc === null || written.oidc === undefined ? null : oidcConfig(written.oidc);
  }

  #channels(written: WrittenInstallation): readonly ChannelConfig[] {
    return channelConfigs(written.channels ?? [], {
      secret: (path, secret) => this.#secret(path, secret),
      bad: (path, message, suggestion) => this.#bad(path, message, suggestion),
      isLoopback,
    });
  }

  #publicUrl(written: string | undefined): string | null {
    if (written === undefined) return null;
    const fault = urlFault(written, isLoopback);
    if (fault !== null) this.#bad(['api', 'publicUrl'], fault, 'write https://…');
    return written.replace(/\/+$/, '');
  }

  #maskKey(written: WrittenSecret): Buffer {
    const text = this.#secret(['maskKey'], written);
    const key = decodeMaskKey(text);
    if (key === null && text !== '') {
      this.#bad(
        ['maskKey'],
        'the key is not 32 bytes in hex or base64',
        'make one with: openssl rand -hex 32',
      );
    }
    return key ?? Buffer.alloc(0);
  }

  #secret(path: Path, written: WrittenSecret): string {
    const got = readSecret(written, this.#folder, this.#env);
    if (got.kind === 'ok') return got.value;
    this.#bad(path, got.message);
    return '';
  }

  #pem(path: Path, file: string): string {
    const got = readText(file, this.#folder);
    if (got.kind === 'missing') this.#bad(path, got.message, 'paths are relative to this file');
    else if (!got.value.includes('-----BEGIN '))
      this.#bad(path, `${file} is not in PEM form`, 'it should begin with -----BEGIN');
    else return got.value;
    return '';
  }

  #bad(path: Path, message: string, suggestion: string | null = null): void {
    this.problems.push(this.#source.problem(path, message, suggestion));
  }
}

function limits(written: { readonly [K in keyof Limits]?: number | undefined }): Limits {
  const result: Record<keyof Limits, number> = { ...defaults.DEFAULT_LIMITS };
  for (const [key, value] of Object.entries(written))
    if (value !== undefined) result[key as keyof Limits] = value;
  return result;
}
