/** The tables that the statements in workloads.ts read, and the login they run under. */
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
      create unlogged table wide (id int, name text, city text, company text, amount numeric(10,2), created_at timestamptz,
        email text, phone text, ssn text, iban text, token text);
      insert into wide select n, 'Person ' || n, 'City ' || n % 50, 'Company ' || n % 1000, n % 10000 / 100.0,
        timestamptz '2025-01-01' + n * interval '1 second', 'person' || n || '@example.com', '+49 30 ' || 1000000 + n,
        lpad((n % 1000)::text, 3, '0') || '-12-' || lpad((n % 10000)::text, 4, '0'), 'DE' || 10 + n % 90 || lpad(n::text, 18, '0'),
        'tok_' || lpad(n::text, 20, 'x') from generate_series(1, ${wideRows}) n;
      create unlogged table sink (id int, name text, city text);
      create role ${client.escapeIdentifier(login.user)} login password ${client.escapeLiteral(login.password)};
      grant select on small, wide to ${client.escapeIdentifier(login.user)};
      grant select, insert, truncate on sink to ${client.escapeIdentifier(login.user)};`);
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

/** @param url a superuser's */
export async function createDatabase(url: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`create database ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
