import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { AuditEvent, TrailRecord } from '../../src/audit/event.ts';
import { openTrail, type FileTrail, type TrailOptions } from '../../src/audit/trail-writer.ts';

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-trail-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function allowed(n: number): AuditEvent {
  return {
    kind: 'statement_allowed',
    session_id: `s${n}`,
    agent: 'billing-bot',
    database: 'shop',
    fingerprint: `f${n}`,
    actions: ['read'],
    relations: ['public.orders'],
    rules: [],
  };
}

/** An export that is asked for, and what became of it. */
export const created: AuditEvent = {
  kind: 'request_created',
  request_id: 'k7f3-9qzm',
  binding: 'b',
  rules_version: 'v',
  session_id: 's7',
  agent: 'etl-bot',
  database: 'shop',
  fingerprint: 'f',
  actions: ['export'],
  relations: ['public.customers'],
  rules: ['exports'],
};
export const decided: AuditEvent = {
  kind: 'request_decided',
  request_id: 'k7f3-9qzm',
  decision: 'approve',
  approver: 'Ana',
  channel: 'cli',
  reason: 'ok',
  state: 'approved',
};

export function spent(id: string): AuditEvent {
  return { kind: 'grant_spent', request_id: id, binding: 'b'.repeat(64), session_id: 's1' };
}

export function open(folder: string, options: Partial<TrailOptions> = {}): Promise<FileTrail> {
  return openTrail({
    folder,
    sync: 'decisions',
    segmentBytes: 1_000_000,
    onFailure: () => undefined,
    ...options,
  });
}

/** Every record on disk, in order, by the plainest way of reading there is. */
export async function recordsIn(folder: string): Promise<TrailRecord[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrailRecord);
}
