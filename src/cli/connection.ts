/**
 * Where is Postern, and with which token? Flags, then the environment, then `.postern/cli.json` here or in a
 * folder above, then `~/.config/postern/cli.json`.
 *
 * Invariant: a token is sent only to a url that came from the same file, from a flag or from the environment.
 * A url found in some folder's file must not be able to collect a token that was meant for another place.
 * Non-goals: writing these files.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { DEFAULT_API_HOST, DEFAULT_API_PORT } from '../config/defaults.ts';
import { checkPrivate, configFolder } from './config-folder.ts';
import { UsageError } from './exit-codes.ts';

export type Connection = { readonly url: string; readonly token: string };
export type ConnectionFlags = { readonly url?: string; readonly token?: string };

type CliFile = {
  readonly path: string;
  readonly url: string | null;
  readonly token: string | null;
  readonly trail: string | null;
  readonly rules: string | null;
};

const fileSchema = z.strictObject({
  url: z.string().optional(),
  token: z.string().optional(),
  trail: z.string().optional(),
  rules: z.string().optional(),
});

const DEFAULT_URL = `http://${DEFAULT_API_HOST}:${DEFAULT_API_PORT}`;

/** A url to go to, and the token for it; null where none was given. */
export type Place = { readonly url: string; readonly token: string | null };

/** @throws UsageError when there is a file or url that must not be used, or a token for another place */
export function findPlace(flags: ConnectionFlags, env = process.env, cwd = process.cwd()): Place {
  const givenUrl = flags.url ?? (env['POSTERN_URL'] || undefined);
  const givenToken = flags.token ?? (env['POSTERN_TOKEN'] || undefined);
  if (givenUrl !== undefined && givenToken !== undefined)
    return { url: checkedUrl(givenUrl), token: givenToken };
  const file = findFile(env, cwd);
  if (givenToken !== undefined) {
    if (file !== null && file.url !== null) {
      throw new UsageError(
        `the token given is not sent to the url in ${file.path}`,
        'Give the url the same way as the token: --url or POSTERN_URL.',
      );
    }
    return { url: DEFAULT_URL, token: givenToken };
  }
  return { url: checkedUrl(givenUrl ?? file?.url ?? DEFAULT_URL), token: file?.token ?? null };
}

/** @throws UsageError as `findPlace`, and when there is no token */
export function findConnection(flags: ConnectionFlags, env = process.env, cwd = process.cwd()): Connection {
  const { url, token } = findPlace(flags, env, cwd);
  if (token === null) throw noToken();
  return { url, token };
}

export function noToken(): UsageError {
  return new UsageError(
    'there is no token to authenticate with',
    'Run `postern login`, set POSTERN_TOKEN, or write {"url": …, "token": …} to .postern/cli.json (mode 600). `postern token new` makes one.',
  );
}

/** The trail's folder as a cli.json names it, relative to that file; null where none does. */
export function findTrailFolder(env = process.env, cwd = process.cwd()): string | null {
  const file = findFile(env, cwd);
  return file === null || file.trail === null ? null : resolve(dirname(file.path), file.trail);
}

/** The rules file as a cli.json names it, relative to that file; null where none does. */
export function findRulesFile(env = process.env, cwd = process.cwd()): string | null {
  const file = findFile(env, cwd);
  return file === null || file.rules === null ? null : resolve(dirname(file.path), file.rules);
}

function findFile(env: NodeJS.ProcessEnv, cwd: string): CliFile | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = readCliFile(join(folder, '.postern', 'cli.json'));
    if (file !== null) return file;
    if (dirname(folder) === folder) break;
  }
  return readCliFile(join(configFolder(env), 'cli.json'));
}

function readCliFile(path: string): CliFile | null {
  let text: string;
  try {
    checkPrivate(path);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UsageError(
      `${path} cannot be read: ${code ?? 'unknown error'}`,
      'Make it readable to you, and to nobody else.',
    );
  }
  const parsed = fileSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new UsageError(
      `${path} is not as expected`,
      'It is a JSON object with "url", "token", "trail" and "rules", all of them text.',
    );
  }
  return {
    path,
    url: parsed.data.url ?? null,
    token: parsed.data.token ?? null,
    trail: parsed.data.trail ?? null,
    rules: parsed.data.rules ?? null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Without a trailing slash. Plain HTTP stays on this machine: a token would cross the network in clear. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url === null ||
    (url.protocol !== 'http:' && url.protocol !== 'https:') ||
    url.username !== '' ||
    url.search !== ''
  ) {
    throw new UsageError('the url given is no http or https url', `It looks like ${DEFAULT_URL}.`);
  }
  const local =
    url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(\.\d+){3}$/.test(url.hostname);
  if (url.protocol === 'http:' && !local) {
    throw new UsageError(
      `the token is not sent to ${url.hostname} over plain HTTP`,
      'Use https, or an SSH tunnel to the machine.',
    );
  }
  return url.href.replace(/\/+$/, '');
}
