/** The tables that the statements in job.ts read, and the login they run under. */
import pg from 'pg';
import { SMALL_ROWS } from './job.ts';

/** @param url a superuser's, in the database to fill */
export async function loadBenchData(
  url: string,
  wideRows: number,
  login: { user: string; password: string },
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      create table small (id int primary key, email text not null, balance int not null);
      insert into small select n, 'person' || n || '@example.com', n from generate_series(1, ${SMALL_ROWS}) n;
      create unlogged table wide (id int, name text, email text, city text, amount numeric(10,2), created_at timestamptz);
      insert into wide select n, 'Person ' || n, 'person' || n || '@example.com', 'City ' || n % 50, n % 10000 / 100.0,
        timestamptz '2025-01-01' + n * interval '1 second' from generate_series(1, ${wideRows}) n;
      create role ${client.escapeIdentifier(login.user)} login password ${client.escapeLiteral(login.password)};
      grant select on small, wide to ${client.escapeIdentifier(login.user)};`);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}
