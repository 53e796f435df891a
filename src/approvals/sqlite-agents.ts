import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { AgentRecord } from './request.ts';
import { answered } from './sqlite-guard.ts';
import type { AgentStore } from './store.ts';

/** Agents in SQLite; they are disabled, never removed, so that a name in the trail keeps its meaning. */
export function sqliteAgents(database: DatabaseSync): AgentStore {
  const byName = database.prepare('SELECT * FROM agents WHERE name = ?');
  const all = database.prepare('SELECT * FROM agents ORDER BY name');
  const usable = database.prepare(
    'SELECT name FROM agents WHERE disabled = 0 AND name IN (SELECT value FROM json_each(?))',
  );
  const insert = database.prepare(
    `INSERT INTO agents (name, owner, groups, databases, login, verifier, disabled, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING`,
  );
  const setVerifier = database.prepare('UPDATE agents SET verifier = ? WHERE name = ?');
  const setDisabled = database.prepare('UPDATE agents SET disabled = 1 WHERE name = ?');
  return {
    find: (name) =>
      answered(() => {
        const row = byName.get(name);
        return row === undefined ? null : readAgent(row);
      }),
    list: () => answered(() => all.all().map(readAgent)),
    usable: (names) => answered(() => usable.all(JSON.stringify(names)).map((row) => String(row['name']))),
    insert: (a) =>
      answered(() => {
        const groups = JSON.stringify(a.groups);
        const databases = JSON.stringify(a.databases);
        const disabled = a.disabled ? 1 : 0;
        return (
          insert.run(a.name, a.owner, groups, databases, a.login, a.verifier, disabled, a.createdAt)
            .changes === 1
        );
      }),
    setVerifier: (name, verifier) => answered(() => setVerifier.run(verifier, name).changes === 1),
    setDisabled: (name) => answered(() => setDisabled.run(name).changes === 1),
  };
}

function readAgent(row: Record<string, SQLOutputValue>): AgentRecord {
  return {
    name: String(row['name']),
    owner: String(row['owner']),
    groups: JSON.parse(String(row['groups'])) as string[],
    databases: JSON.parse(String(row['databases'])) as string[],
    login: String(row['login']),
    verifier: String(row['verifier']),
    // Anything but a plain 0 disables.
    disabled: row['disabled'] !== 0,
    createdAt: String(row['created_at']),
  };
}
