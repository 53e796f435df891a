/** Where a person's own files are, by the XDG Base Directory Specification, and what makes a file theirs alone. */
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from './exit-codes.ts';

/** Group or others may read, write or search. */
const NOT_PRIVATE = 0o077;

export function configFolder(env: NodeJS.ProcessEnv): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config'), 'postern');
}

/** @throws UsageError unless it is ours and nobody else can read it; the file system's error if there is none */
export function checkPrivate(path: string): void {
  const stat = statSync(path);
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) {
    throw new UsageError(
      `${path} belongs to somebody else, so it is not used`,
      'Own the file, or work in another folder.',
    );
  }
  if (uid !== undefined && (stat.mode & NOT_PRIVATE) !== 0)
    throw new UsageError(`${path} can be read by others, so it is not used`, `Run: chmod 600 ${path}`);
}
