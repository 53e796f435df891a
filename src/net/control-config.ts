/** How `pg` reaches a database for reading its catalog. */
import type pg from 'pg';
import type { DatabaseConfig } from '../config/installation.ts';

export function controlConfig({ host, port, database, control, tls }: DatabaseConfig): pg.ClientConfig {
  const base = { host, port, database, user: control.user, password: control.password };
  if (tls.mode === 'disable') return { ...base, ssl: false };
  return {
    ...base,
    ssl: {
      rejectUnauthorized: tls.mode === 'verify-full',
      servername: tls.serverName ?? host,
      ...(tls.caPem === null ? {} : { ca: tls.caPem }),
    },
  };
}
