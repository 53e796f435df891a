import type { DatabaseSync } from 'node:sqlite';
import { PosternError } from '../errors.ts';

/** Runs `work` as one atomic step; nothing of it stays if it throws. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A failed COMMIT may have rolled back by itself.
    if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** `guarded` as the store's interface wants it: done when it returns, told by a promise. */
export async function answered<T>(work: () => T): Promise<T> {
  return guarded(work);
}

/** Turns whatever SQLite says into the one error callers know. Its messages name no values. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PosternError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PosternError('store-unavailable', { reason });
  }
}
