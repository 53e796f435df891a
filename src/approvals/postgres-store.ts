/**
 * The store in a PostgreSQL database, for any number of instances of Postern at once. docs/approvals.md says
 * what role and rights it needs. Non-goals: high availability of that database, which is its operator's.
 */
import { randomUUID } from 'node:crypto';
import { escapeIdentifier, type ClientConfig } from 'pg';
import { HEARTBEAT_MS, LEASE_MS, MAX_BROADCAST_CHARACTERS } from './limits.ts';
import { postgresAgents } from './postgres-agents.ts';
import { postgresGrants } from './postgres-grants.ts';
import { StoreConnections } from './postgres-connection.ts';
import { migrate } from './postgres-migrations.ts';
import { Presence } from './postgres-presence.ts';
import { postgresRequests, type Place } from './postgres-requests.ts';
import { postgresRowCounts } from './postgres-row-counts.ts';
import type { Store } from './store.ts';

export type PostgresStoreOptions = {
  readonly connection: ClientConfig;
  readonly schema: string;
  /** Stays the same over restarts, and is no other instance's: what a former one of this name held is ended. */
  readonly name: string;
  readonly heartbeatMs?: number;
  readonly leaseMs?: number;
};

/** Connects and makes or migrates the tables. @throws PosternError `store-unavailable` */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const { name, heartbeatMs = HEARTBEAT_MS, leaseMs = LEASE_MS } = options;
  const schema = escapeIdentifier(options.schema);
  const connections = new StoreConnections(options.connection);
  const place: Place = {
    schema,
    channel: `${options.schema}_requests`,
    broadcasts: `${options.schema}_instances`,
    instance: randomUUID(),
    leaseMs,
  };
  const presence = new Presence(connections, place, { name, heartbeatMs, leaseMs });
  try {
    await connections.with((client) => migrate(client, options.schema, schema));
    await presence.open();
  } catch (error) {
    await presence.close();
    await connections.close();
    throw error;
  }
  let closing: Promise<void> | null = null;
  return {
    requests: postgresRequests(connections, place),
    agents: postgresAgents(connections, place),
    rowCounts: postgresRowCounts(connections, schema),
    grants: postgresGrants(connections, place),
    broadcast: {
      send: (text) => broadcast(connections, place, text),
      listen: (heard) => presence.listen(heard),
    },
    exclusively: (key, work) => connections.exclusively(key, work),
    clock: () => presence.clock(),
    follow: (follower) => presence.follow(follower),
    problem: () => presence.problem ?? connections.problem,
    close: () => (closing ??= presence.close().then(() => connections.close())),
  };
}

async function broadcast(
  connections: StoreConnections,
  { broadcasts, instance }: Place,
  text: string,
): Promise<void> {
  if (text.length > MAX_BROADCAST_CHARACTERS) throw new RangeError('a broadcast is too long');
  await connections.query('SELECT pg_notify($1, $2)', [broadcasts, `${instance} ${text}`]);
}
