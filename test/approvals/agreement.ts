/** What trails must say of one request, whatever the store calls it, wherever it was left by a crash. */
import assert from 'node:assert/strict';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { Request } from '../../src/approvals/request.ts';

/**
 * @param events of this request, of all instances
 * @param request undefined where the store does not have it
 * @throws AssertionError that names the request, its state and its events (I4, I5, I7)
 */
export function checkAgreement(
  id: string,
  events: readonly AuditEvent[],
  request: Request | undefined,
): void {
  const count = (kind: AuditEvent['kind']): number => events.filter((event) => event.kind === kind).length;
  const kinds = events.map((event) => event.kind).join(', ');
  const say = `${id} is ${request?.state ?? 'not stored'}, the trail has ${kinds}`;
  assert.equal(count('request_created'), 1, say);
  assert.ok(count('grant_spent') <= 1, say);
  const decided = events.filter((event) => event.kind === 'request_decided');
  const approved = decided.some(({ state }) => state === 'approved');
  const ended = count('request_expired') + count('request_withdrawn') > 0;
  if (count('grant_spent') > 0) assert.ok(approved, say);
  switch (request?.state) {
    case undefined:
      assert.deepEqual([decided.length, count('grant_spent')], [0, 0], say);
      return;
    case 'pending':
      // An ending that a crash kept from the store is written again.
      assert.equal(count('grant_spent'), 0, say);
      return;
    case 'denied':
      assert.ok(
        decided.some(({ state }) => state === 'denied'),
        say,
      );
      return;
    case 'expired':
      assert.ok(count('request_expired') > 0, say);
      return;
    case 'withdrawn':
      assert.ok(count('request_withdrawn') > 0, say);
      return;
    case 'approved':
      break;
    case 'spent':
      assert.equal(count('grant_spent'), 1, say);
      break;
    case 'lapsed':
      assert.ok(ended, say);
      break;
  }
  assert.ok(approved, say);
  checkPeople(request, decided, say);
}

/** I5: as many distinct people as were wanted, by trail and store alike, and none whose agent it is. */
function checkPeople(
  request: Request,
  decided: readonly Extract<AuditEvent, { kind: 'request_decided' }>[],
  say: string,
): void {
  const inTrail = new Set(decided.filter((one) => one.decision === 'approve').map((one) => one.approver));
  const inStore = new Set(
    request.decisions.filter((one) => one.decision === 'approve').map((one) => one.approver),
  );
  assert.ok(inStore.size >= request.quorum, `${say}; ${inStore.size} of ${request.quorum} people`);
  for (const person of inStore) {
    assert.ok(inTrail.has(person), `${say}; nobody recorded ${person}`);
    assert.notEqual(person.toLowerCase(), request.owner, say);
  }
}
