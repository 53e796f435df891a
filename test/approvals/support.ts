import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AuditEvent, Trail } from '../../src/audit/event.ts';
import type { Approver, NewRequest } from '../../src/approvals/request.ts';
import { openApprovals, type ApprovalService } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import type { Store } from '../../src/approvals/store.ts';
import { PosternError } from '../../src/errors.ts';

export const BINDING = 'a'.repeat(64);

export const ana: Approver = { name: 'ana', groups: ['stewards'] };
export const bob: Approver = { name: 'bob', groups: ['security'] };
export const cleo: Approver = { name: 'cleo', groups: ['stewards', 'security'] };

export function asked(changes: Partial<NewRequest> = {}): NewRequest {
  return {
    sessionId: 's1',
    agent: 'etl-bot',
    owner: 'olga',
    database: 'shop',
    environment: 'prod',
    binding: BINDING,
    rulesVersion: 'v1',
    actions: [{ action: 'export', command: 'copy to', reason: 'COPY customers sends a relation out' }],
    rules: ['exports'],
    fingerprint: '0123456789abcdef',
    statement: 'COPY customers TO STDOUT',
    relations: ['public.customers'],
    maskedColumns: ['public.customers.email'],
    inTransaction: false,
    statedReason: null,
    approverGroups: [],
    quorum: 1,
    expiresMs: 60_000,
    mode: 'wait',
    waitMs: 60_000,
    unmask: [],
    estimate: null,
    locks: [],
    ...changes,
  };
}

/** A trail in memory that takes a turn for each record, as a disk would, and can be made to fail. */
export class MemoryTrail implements Trail {
  readonly events: AuditEvent[] = [];
  failing = false;

  room(): undefined {}

  note(event: AuditEvent): void {
    this.events.push(event);
  }

  async record(event: AuditEvent): Promise<void> {
    await nextTurn();
    if (this.failing) throw new PosternError('trail-unavailable');
    this.events.push(event);
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind);
  }
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-approvals-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export type Bench = {
  readonly file: string;
  readonly store: Store;
  readonly trail: MemoryTrail;
  readonly service: ApprovalService;
  /** Moves the clock that the service sees. */
  readonly pass: (ms: number) => void;
};

export async function bench(
  t: TestContext,
  options: { maxPendingPerAgent?: number; wrap?: (store: Store) => Store } = {},
): Promise<Bench> {
  const file = join(temporaryFolder(t), 'store.sqlite');
  const store = openSqliteStore({ file });
  t.after(() => store.close());
  const trail = new MemoryTrail();
  let clock = Date.parse('2030-01-01T00:00:00.000Z');
  const service = await openApprovals({
    store: options.wrap?.(store) ?? store,
    trail,
    now: () => new Date(clock),
    maxPendingPerAgent: options.maxPendingPerAgent ?? 100,
  });
  return { file, store, trail, service, pass: (ms) => void (clock += ms) };
}
