/**
 * After a campaign: whether trails, store, the database's statement log and what everybody was told agree on
 * what ran. The log is the witness: the server wrote it, before it ran the statement, and no part of Postern
 * can reach it. Invariant: every check names what it found, so that a failure can be followed.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import type { AuditEvent } from '../../../src/audit/event.ts';
import type { Request } from '../../../src/approvals/request.ts';
import { matches } from '../../../src/audit/search.ts';
import { verifyTrail } from '../../../src/audit/verify.ts';
import { checkAgreement } from '../agreement.ts';
import type { Load } from './load.ts';
import { AGENTS, type Stage } from './stage.ts';

export type Figures = {
  readonly requests: number;
  readonly spent: number;
  readonly ran: number;
  readonly acknowledged: number;
  readonly decisions: number;
  readonly records: number;
  readonly states: Readonly<Record<string, number>>;
};

type About = { readonly events: AuditEvent[] };

/** Everything is stopped but the databases. @throws AssertionError that says what does not agree */
export async function reckon(stage: Stage, load: Load): Promise<Figures> {
  const { trail, records } = await readTrails(stage);
  const requests = await readStore(stage, [...trail.keys()]);
  const ran = await readLog(stage);
  const kept = await readRows(stage);
  const spentOf = new Map<string, number>();
  for (const [id, { events }] of trail) {
    const request = requests.get(id);
    checkAgreement(id, events, request);
    checkLeft(id, request);
    // Durable in the store before anything is sent; a grant that the trail alone calls spent let nothing run.
    if (request?.state !== 'spent') continue;
    const marker = markerOf(request);
    spentOf.set(marker, (spentOf.get(marker) ?? 0) + 1);
  }
  for (const id of requests.keys()) assert.ok(trail.has(id), `the store has ${id}, and no trail does`);
  for (const [marker, times] of ran) {
    const spent = spentOf.get(marker) ?? 0;
    assert.ok(times <= spent, `${marker} ran ${times} times, for ${spent} spent grants`);
    assert.ok((kept.get(marker) ?? 0) <= times, `${marker}: more rows than runs`);
  }
  for (const marker of kept.keys()) assert.ok(ran.has(marker), `${marker} has rows and no run`);
  for (const attempt of load.attempts) {
    assert.ok(!attempt.hung, `${attempt.marker} got no answer`);
    if (attempt.acknowledged)
      assert.ok((kept.get(attempt.marker) ?? 0) > 0, `${attempt.marker} was acknowledged and is not there`);
    for (const id of attempt.denied) assert.equal(requests.get(id)?.state, 'denied', `${id} was told denied`);
  }
  checkTold(load, trail);
  const states: Record<string, number> = {};
  for (const { state } of requests.values()) states[state] = (states[state] ?? 0) + 1;
  return {
    requests: requests.size,
    spent: sum(spentOf),
    ran: sum(ran),
    acknowledged: load.acknowledged(),
    decisions: load.told.length,
    records,
    states,
  };
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, one) => total + one, 0);
}

async function readTrails(stage: Stage): Promise<{ trail: Map<string, About>; records: number }> {
  const trail = new Map<string, About>();
  let records = 0;
  for (const { trailFolder, name } of stage.instances) {
    const report = await verifyTrail(trailFolder);
    assert.ok(report.ok, `the trail of ${name} does not verify: ${JSON.stringify(report)}`);
    for await (const record of matches(trailFolder, {})) {
      assert.ok(record !== null, `the trail of ${name} has a line that is no record`);
      records += 1;
      const id = (record.event as { readonly request_id?: string }).request_id;
      if (id === undefined) continue;
      const about = trail.get(id) ?? { events: [] };
      about.events.push(record.event);
      trail.set(id, about);
    }
  }
  return { trail, records };
}

async function readStore(stage: Stage, ids: readonly string[]): Promise<Map<string, Request>> {
  const store = await stage.openStore();
  try {
    const found = new Map<string, Request>();
    for (const agent of AGENTS)
      for (const request of await store.requests.list({ agent, limit: 1000 })) found.set(request.id, request);
    for (const id of ids) {
      const stored = found.has(id) ? null : await store.requests.find(id);
      if (stored !== null) found.set(id, stored.request);
    }
    return found;
  } finally {
    await store.close();
  }
}

/** Nobody is left to wait: what is open is what outlives its session. */
function checkLeft(id: string, request: Request | undefined): void {
  if (request?.state === 'pending' || request?.state === 'approved')
    assert.equal(request.mode, 'return', `${id} is ${request.state}, and nobody is left to wait for it`);
}

function checkTold(load: Load, trail: ReadonlyMap<string, About>): void {
  for (const { id, approver, decision } of load.told) {
    const kept = trail
      .get(id)
      ?.events.some(
        (event) =>
          event.kind === 'request_decided' && event.approver === approver && event.decision === decision,
      );
    assert.ok(kept === true, `${approver} was told that ${id} is decided, and no trail has it`);
  }
}

/** How often the server was given each write, by its own log. A planner's question is none. */
async function readLog(stage: Stage): Promise<Map<string, number>> {
  const ran = new Map<string, number>();
  const log = await readFile(stage.upstream.postgres().logFile, 'utf8');
  for (const [, marker = ''] of log.matchAll(
    /LOG: {2}(?:statement|execute [^:]+): insert into \w+ as (w\d+) /g,
  ))
    ran.set(marker, (ran.get(marker) ?? 0) + 1);
  return ran;
}

async function readRows(stage: Stage): Promise<Map<string, number>> {
  const client = new pg.Client(stage.upstream.postgres().url('shop'));
  await client.connect();
  const { rows } = await client.query<{ marker: string; n: number }>(
    'select marker, count(*)::int as n from (table ledger union all table vault) as all_rows group by marker',
  );
  await client.end();
  return new Map(rows.map(({ marker, n }) => [marker, n]));
}

function markerOf({ id, statement }: Request): string {
  const [, marker] = /insert into \w+ as (w\d+) /i.exec(statement) ?? [];
  assert.ok(marker !== undefined, `${id} names no write: ${statement}`);
  return marker;
}
