/** Reads secrets from where the configuration points. No secret ever appears in a message made here. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MASK_KEY_BYTES } from './limits.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export type SecretSource = {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  readonly inline?: string | undefined;
};

export type Got<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'missing'; readonly message: string };

/** @param folder what a relative `file:` is relative to */
export function readSecret(source: SecretSource, folder: string, env: Env): Got<string> {
  if (source.env !== undefined) {
    const value = env[source.env];
    return value === undefined || value === ''
      ? { kind: 'missing', message: `the environment variable ${source.env} is not set` }
      : { kind: 'ok', value };
  }
  if (source.file !== undefined) {
    const read = readText(source.file, folder);
    if (read.kind === 'missing') return read;
    // editors and `echo` end a file with one line break that is no part of the secret
    const value = read.value.replace(/\r?\n$/, '');
    return value === '' ? { kind: 'missing', message: `${source.file} is empty` } : { kind: 'ok', value };
  }
  return source.inline === undefined || source.inline === ''
    ? { kind: 'missing', message: 'the secret is empty' }
    : { kind: 'ok', value: source.inline };
}

export function readText(file: string, folder: string): Got<string> {
  try {
    return { kind: 'ok', value: readFileSync(resolve(folder, file), 'utf8') };
  } catch (error) {
    return { kind: 'missing', message: `cannot read ${file}: ${fileFault(error)}` };
  }
}

/** 32 bytes as 64 hex digits or as base64; null where it is neither. */
export function decodeMaskKey(text: string): Buffer | null {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  return key.length === MASK_KEY_BYTES ? key : null;
}

/** What went wrong with a file, in words. */
export function fileFault(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'Postern is not permitted to read it';
    case 'EISDIR':
      return 'it is a folder';
    default:
      return typeof code === 'string' ? code : 'it cannot be read';
  }
}
