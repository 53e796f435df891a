/**
 * `head.json`: what the trail's last record was, a little while ago. It lets a cut-off tail show unless
 * whoever cut it rewrote this file too; only a copy held elsewhere protects against that.
 */
import { constants } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FILE_MODE, syncFolder, writeAll, type TrailIo } from './folder.ts';
import type { Head } from './record.ts';

export const HEAD_FILE = 'head.json';

/** Replaces the file in one step. @throws the file system's error */
export async function writeHeadFile(io: TrailIo, folder: string, head: Head, time: string): Promise<void> {
  const temporary = join(folder, `${HEAD_FILE}.tmp`);
  const file = await io.open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC,
    FILE_MODE,
  );
  try {
    await writeAll(file, Buffer.from(`${JSON.stringify({ v: 1, seq: head.seq, hash: head.hash, time })}\n`));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, HEAD_FILE));
  await syncFolder(io, folder);
}

export type HeadFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'head'; readonly head: Head };

/** Reads the file. An unreadable one is told apart from none: the writer never leaves one behind. */
export async function readHeadFile(folder: string): Promise<HeadFile> {
  let text: string;
  try {
    text = await readFile(join(folder, HEAD_FILE), 'utf8');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable' };
  }
  try {
    const value = JSON.parse(text) as {
      readonly v?: unknown;
      readonly seq?: unknown;
      readonly hash?: unknown;
    };
    const { v, seq, hash } = value;
    const sound =
      v === 1 && Number.isSafeInteger(seq) && typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash);
    return sound ? { kind: 'head', head: { seq: seq as number, hash } } : { kind: 'unreadable' };
  } catch {
    return { kind: 'unreadable' };
  }
}
