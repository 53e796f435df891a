import type { DatabaseSync } from 'node:sqlite';
import { answered, inTransaction } from './sqlite-guard.ts';
import type { RowCountStore } from './store.ts';

/** Rows by agent, rule and minute in SQLite. */
export function sqliteRowCounts(database: DatabaseSync): RowCountStore {
  const add = database.prepare(
    `INSERT INTO row_counts (agent, rule, minute, rows) VALUES (?, ?, ?, ?)
     ON CONFLICT (agent, rule, minute) DO UPDATE SET rows = rows + excluded.rows`,
  );
  const old = database.prepare('SELECT 1 FROM row_counts WHERE minute < ? LIMIT 1');
  const prune = database.prepare('DELETE FROM row_counts WHERE minute < ?');
  const totals = database.prepare(
    'SELECT agent, rule, sum(rows) AS rows FROM row_counts WHERE minute >= ? GROUP BY agent, rule',
  );
  return {
    add: (counts) =>
      answered(() =>
        inTransaction(database, () => {
          for (const { agent, rule, minute, rows } of counts) add.run(agent, rule, minute, rows);
        }),
      ),
    totals: (sinceMinute) =>
      answered(() => {
        // A delete of nothing would be a disk sync of its own.
        if (old.get(sinceMinute) !== undefined) prune.run(sinceMinute);
        return totals.all(sinceMinute).map((row) => ({
          agent: String(row['agent']),
          rule: String(row['rule']),
          rows: Number(row['rows']),
        }));
      }),
  };
}
