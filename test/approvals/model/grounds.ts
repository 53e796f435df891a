/** Where the steps are played: one Postern on a SQLite file, or several on one PostgreSQL store. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPostgresStore } from '../../../src/approvals/postgres-store.ts';
import { openSqliteStore } from '../../../src/approvals/sqlite-store.ts';
import { freshSchema, postgres } from '../stores.ts';
import { Play } from './play.ts';

const T0 = Date.parse('2030-01-01T00:00:00.000Z');

export type Place = { readonly name: string; open(): Promise<{ play: Play; close(): Promise<void> }> };

export const PLACES: readonly Place[] = [
  {
    name: 'sqlite, one Postern',
    async open() {
      // Whether a disk keeps what it synced is not asked here, and memory is quicker.
      const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'postern-model-'));
      const open = async () => openSqliteStore({ file: join(folder, 'store.sqlite') });
      const play = await Play.open({ events: [], now: T0, open }, 1);
      return {
        play,
        async close() {
          await play.close();
          rmSync(folder, { recursive: true, force: true });
        },
      };
    },
  },
  {
    name: 'postgres, two Posterns',
    async open() {
      const schema = freshSchema();
      const connection = { connectionString: (await postgres()).url() };
      const open = (place: number) =>
        openPostgresStore({
          connection,
          schema,
          name: `postern-${place}`,
          heartbeatMs: 100,
          leaseMs: 60_000,
        });
      const play = await Play.open({ events: [], now: T0, open }, 2);
      return { play, close: () => play.close() };
    },
  },
];
