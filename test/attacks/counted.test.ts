/**
 * An agent that wants something to go unseen in the trail: by sending it among thousands of the same, from several
 * sessions at once, or behind statements that fail. Each session's statements are counted, and are its own.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditEvent } from '../../src/audit/event.ts';
import { startHarness, type Harness } from '../e2e/harness.ts';
import { bind, execute, parse, query, sync, type RawClient } from '../e2e/raw-client.ts';
import { rawClients } from '../e2e/raw-clients.ts';

let harness: Harness;
const { raw } = rawClients(() => harness);
before(async () => {
  harness = await startHarness();
});
after(() => harness.stop());

type Allowed = Extract<AuditEvent, { kind: 'statement_allowed' }>;

/** How often each session was allowed something, by fingerprint, beyond what the trail had before. */
async function allowedSince(earlier: number): Promise<Map<string, Map<string, number>>> {
  const lines = (await harness.trail()).split('\n').slice(earlier, -1);
  const found = new Map<string, Map<string, number>>();
  for (const line of lines) {
    const { event } = JSON.parse(line) as { event: Allowed };
    if (event.kind !== 'statement_allowed') continue;
    const of = found.get(event.session_id) ?? new Map<string, number>();
    of.set(event.fingerprint, (of.get(event.fingerprint) ?? 0) + (event.times ?? 1));
    found.set(event.session_id, of);
  }
  return found;
}

async function trailLines(): Promise<number> {
  return (await harness.trail()).split('\n').length - 1;
}

test('attack: the same statement from three sessions at once is counted for each of them', async () => {
  const clients = await Promise.all([raw(), raw(), raw()]);
  const earlier = await trailLines();
  const sent = [400, 300, 200];
  const one = query('select 1');
  // In small pieces, so that what the sessions send is handled in turns within the same millisecond.
  for (let i = 0; i < 400; i += 1)
    for (const [which, client] of clients.entries()) if (i < sent[which]!) client.send(one);
  await Promise.all(clients.map((client, which) => client.until('Z', sent[which])));
  const counts = [...(await allowedSince(earlier)).values()].map((of) => [...of.values()]);
  assert.deepEqual(
    counts.toSorted((a, b) => b[0]! - a[0]!),
    [[400], [300], [200]],
  );
});

test('attack: one read of another table among a thousand of the same has a record of its own', async () => {
  const client = await raw();
  const earlier = await trailLines();
  const messages = Array.from({ length: 1000 }, (_, i) =>
    query(i === 617 ? 'select id from customers where id = 1' : 'select 1'),
  );
  client.send(Buffer.concat(messages));
  await client.until('Z', 1000);
  const [of] = [...(await allowedSince(earlier)).values()];
  assert.deepEqual(
    [...(of?.values() ?? [])].toSorted((a, b) => a - b),
    [1, 999],
  );
});

test('attack: executions that fail, or that the server skips, are counted as those that do not', async () => {
  const client: RawClient = await raw();
  const earlier = await trailLines();
  const text = 'select 1 / $1::int from generate_series(1, 2)';
  const executions = [1, 1, 0, 1, 1].flatMap((divisor) => [
    bind({ statement: 'one', values: [String(divisor)] }),
    execute(),
  ]);
  client.send(Buffer.concat([parse(text, 'one'), ...executions, sync()]));
  await client.until('Z');
  const [of] = [...(await allowedSince(earlier)).values()];
  // What was sent ahead was judged and sent, whatever the server did with it.
  assert.deepEqual([...(of?.values() ?? [])], [5]);
});
