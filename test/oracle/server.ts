/**
 * A PostgreSQL that is asked what it understood of a statement, without running it: `Parse` alone analyses and
 * rewrites, and `debug_print_rewritten` sends the result as a LOG notice.
 *
 * Non-goals: utility statements; nothing in them is analysed before they run.
 */
import pg from 'pg';
import { startPostgres } from '../../fixtures/postgres/embedded.ts';
import type { EmbeddedOptions } from '../../fixtures/postgres/embedded.ts';
import { loadSnapshot } from '../../src/catalog/load.ts';
import type { Snapshot } from '../../src/catalog/snapshot.ts';
import { parseNodeTree } from './node-tree.ts';
import type { TreeValue } from './node-tree.ts';
import type { Views } from './queries.ts';
import { schemaFor, SEARCH_PATH } from './schema.ts';
import { truthOf } from './truth.ts';
import type { Truth } from './truth.ts';
import type { Source } from './values.ts';

export type Answer =
  | { readonly kind: 'understood'; readonly truth: Truth }
  | { readonly kind: 'refused'; readonly message: string };

export type OracleServer = {
  readonly major: number;
  readonly url: string;
  readonly snapshot: Snapshot;
  /** What the server understood. @throws Error where its trees cannot be read */
  ask(sql: string): Promise<Answer>;
  stop(): Promise<void>;
};

/** @param other a schema to ask about in place of the oracle's own */
export async function startOracle(
  options: EmbeddedOptions = {},
  other?: { readonly schema: string; readonly searchPath: string },
): Promise<OracleServer> {
  const server = await startPostgres(options);
  const client = new pg.Client({ connectionString: server.url() });
  const stop = async (): Promise<void> => {
    await client.end().catch(() => undefined);
    await server.stop();
  };
  try {
    await client.connect();
    const version = await client.query<{ v: string }>(`select current_setting('server_version_num') as v`);
    const major = Math.floor(Number(version.rows[0]?.v) / 10_000);
    await client.query(other?.schema ?? schemaFor(major));
    const snapshot = await loadSnapshot(client, 'postgres', null);
    const stored = await client.query<{ oid: number; definition: string }>(
      `select oid::int, pg_get_viewdef(oid) as definition from pg_class
       where relkind in ('v', 'm') and oid >= 16384 order by oid`,
    );
    await client.query(
      `set search_path = ${other?.searchPath ?? SEARCH_PATH}; set debug_pretty_print = off; set client_min_messages = log;
       set debug_print_rewritten = on`,
    );
    const views = new Map<number, readonly Source[]>();
    const ask = (sql: string): Promise<Answer> => understanding(client, sql, views);
    for (const { oid, definition } of stored.rows) {
      const answer = await ask(definition.replace(/;\s*$/, ''));
      if (answer.kind === 'refused') throw new Error(`a view's own definition: ${answer.message}`);
      views.set(
        oid,
        answer.truth.outputs.map((output) => output.source),
      );
    }
    return { major, url: server.url(), snapshot, ask, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a session that prints its rewritten trees understood; `views` are the outputs of views' own definitions. */
export async function understanding(client: pg.Client, sql: string, views: Views): Promise<Answer> {
  const trees: TreeValue[] = [];
  const listen = (notice: { message?: string | undefined; detail?: string | undefined }): void => {
    if (notice.message === 'rewritten parse tree:') trees.push(parseNodeTree(notice.detail ?? ''));
  };
  client.on('notice', listen);
  try {
    const refusal = await parseOnly(client, sql);
    if (refusal !== null) return { kind: 'refused', message: refusal };
    const [tree, ...more] = trees;
    if (tree === undefined || more.length > 0) throw new Error(`${trees.length} trees for: ${sql}`);
    return { kind: 'understood', truth: truthOf(tree, views) };
  } finally {
    client.off('notice', listen);
  }
}

/** The parts of pg's own Connection that a Submittable is handed. */
type Wire = { parse(query: { text: string; name: string; types: number[] }): void; sync(): void };

/** `Parse` and `Sync`; the server's error message, or null. */
function parseOnly(client: pg.Client, text: string): Promise<string | null> {
  return new Promise((answered) => {
    const nothing = (): void => undefined;
    const submittable = {
      submit(connection: unknown): void {
        const wire = connection as Wire;
        wire.parse({ text, name: '', types: [] });
        wire.sync();
      },
      // pg forgets the query object at an error, and sends the next one when the server is ready again
      handleError: (error: Error): void => answered(error.message),
      handleReadyForQuery: (): void => answered(null),
      handleParseComplete: nothing,
      handleRowDescription: nothing,
      handleDataRow: nothing,
      handlePortalSuspended: nothing,
      handleCommandComplete: nothing,
      handleEmptyQuery: nothing,
    };
    client.query(submittable as unknown as pg.Submittable);
  });
}
