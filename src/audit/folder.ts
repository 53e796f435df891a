/**
 * The trail's folder: names of what is in it, its permissions, and the one way files in it are opened for
 * writing. `TrailIo` is the seam at which tests make disks fail; everything real goes through `realIo`.
 */
import { constants } from 'node:fs';
import { chmod, mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

export type TrailFile = Pick<
  FileHandle,
  'write' | 'read' | 'datasync' | 'sync' | 'truncate' | 'stat' | 'close'
>;

export type TrailIo = { open(path: string, flags: number, mode: number): Promise<TrailFile> };

export const realIo: TrailIo = { open };

export const FOLDER_MODE = 0o700;
export const FILE_MODE = 0o600;

export type SegmentName = { readonly number: number; readonly path: string };

const SEGMENT = /^trail-(\d{6,})\.jsonl$/;

export function segmentPath(folder: string, number: number): string {
  return join(folder, `trail-${String(number).padStart(6, '0')}.jsonl`);
}

/** The number of a segment from its file name; null for any other file. */
export function segmentNumber(fileName: string): number | null {
  const match = SEGMENT.exec(fileName);
  return match === null ? null : Number(match[1]);
}

/** The folder's segments in order. @throws the file system's error */
export async function listSegments(folder: string): Promise<readonly SegmentName[]> {
  const names: SegmentName[] = [];
  for (const name of await readdir(folder)) {
    const number = segmentNumber(name);
    if (number !== null) names.push({ number, path: join(folder, name) });
  }
  return names.sort((a, b) => a.number - b.number);
}

/** Makes the folder, or takes others' permissions on it away. */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  await chmod(folder, FOLDER_MODE);
}

/** Makes new names in the folder survive a power cut. */
export async function syncFolder(io: TrailIo, folder: string): Promise<void> {
  const handle = await io.open(folder, constants.O_RDONLY, 0);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes all of `bytes`, however few the system takes at a time. @throws the file system's error */
export async function writeAll(file: TrailFile, bytes: Uint8Array): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, null);
    if (bytesWritten <= 0) throw new Error('the file system took no bytes and gave no reason');
    done += bytesWritten;
  }
}
