import { chmodSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosternError } from '../errors.ts';
import { FILE_MODE } from './folder.ts';

/**
 * Takes the folder for this process until the returned function is called or the process ends, however it
 * ends. SQLite is used for its lock alone: Node has no call for the kernel's file locks, and a file with a
 * pid in it survives a kill and lies once pids are used again. Nothing is ever stored in the file.
 * @throws PosternError `trail-locked`
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, 'trail.lock');
  try {
    closeSync(openSync(path, 'ax', FILE_MODE));
  } catch (error) {
    // One that is there is not opened: closing it would drop the locks this process has on it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(path, FILE_MODE);
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch {
    database.close();
    throw new PosternError('trail-locked', { folder });
  }
  return () => database.close();
}
