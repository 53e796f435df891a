import type { StoreConnections } from './postgres-connection.ts';
import type { RowCountStore } from './store.ts';

type Total = { readonly agent: string; readonly rule: string; readonly rows: string };

/** Rows by agent, rule and minute in PostgreSQL. In the order of their keys, so that instances do not lock each other out. */
export function postgresRowCounts(store: StoreConnections, schema: string): RowCountStore {
  const counts = `${schema}.row_counts`;
  return {
    add: async (added) => {
      const column = <K extends keyof (typeof added)[number]>(name: K) => added.map((one) => one[name]);
      await store.query(
        `INSERT INTO ${counts} AS c (agent, rule, minute, rows)
         SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS n (agent, rule, minute, rows)
         ORDER BY agent, rule, minute
         ON CONFLICT (agent, rule, minute) DO UPDATE SET rows = c.rows + excluded.rows`,
        [column('agent'), column('rule'), column('minute'), column('rows')],
      );
    },
    totals: async (sinceMinute) => {
      await store.query(`DELETE FROM ${counts} WHERE minute < $1`, [sinceMinute]);
      const rows = await store.query<Total>(
        `SELECT agent, rule, sum(rows) AS rows FROM ${counts} WHERE minute >= $1 GROUP BY agent, rule`,
        [sinceMinute],
      );
      return rows.map(({ agent, rule, rows: sum }) => ({ agent, rule, rows: Number(sum) }));
    },
  };
}
