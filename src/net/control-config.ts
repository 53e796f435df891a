/** How `pg` reaches a database: for reading its catalog, for keeping requests in it, or as an agent's login. */
import type pg from 'pg';
import type { DatabaseConfig, Login } from '../config/installation.ts';

export function controlConfig({ control, ...place }: DatabaseConfig): pg.ClientConfig {
  return clientConfig(place, control);
}

type Place = Pick<DatabaseConfig, 'host' | 'port' | 'database' | 'tls'>;

export function clientConfig(place: Place, { user, password }: Login): pg.ClientConfig {
  const { host, port, database, tls } = place;
  const base = { host, port, database, user, password };
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
