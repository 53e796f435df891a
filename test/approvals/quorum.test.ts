/** Exact quorums: each rule's demand by itself, against a model that keeps a tally for each. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { newRequest } from '../../src/approvals/new-request.ts';
import type { Approver, Request, Requirement } from '../../src/approvals/request.ts';
import { checkApprover, personKey, stateAfter, type Approval } from '../../src/approvals/transitions.ts';
import { asked } from './support.ts';

const GROUPS = ['a', 'b', 'c', 'd'];
const groups = fc.uniqueArray(fc.constantFrom(...GROUPS), { maxLength: 3 });
const requirement: fc.Arbitrary<Requirement> = fc.record({
  rule: fc.constant('r'),
  approvers: groups,
  quorum: fc.integer({ min: 1, max: 3 }),
  escalateTo: groups,
});
const requirements = fc.array(requirement, { minLength: 1, maxLength: 4 });
const person: fc.Arbitrary<Approver> = fc.record({
  name: fc.constantFrom('ana', 'Ana', ' ana ', 'bob', 'cleo', 'dan', 'eve', 'olga', 'OLGA', 'etl-bot'),
  groups,
});
const people = fc.array(person, { maxLength: 12 });

function requestOf(list: readonly Requirement[], escalated: boolean): Request {
  const request = newRequest(asked({ requirements: list }), '0000-0000', new Date(0), {});
  return { ...request, escalatedAt: escalated ? new Date(1).toISOString() : null };
}

/** Everybody tries to approve, one after the other, as the service would let them. */
function run(request: Request, all: readonly Approver[]): { state: string; counted: readonly string[] } {
  let at = request;
  const approvals: Approval[] = [];
  for (const one of all) {
    if (at.state !== 'pending') break;
    try {
      checkApprover(at, one, 'approve');
    } catch {
      continue;
    }
    approvals.push({ person: personKey(one.name), groups: one.groups });
    const given = {
      decision: 'approve',
      approver: one.name.trim(),
      reason: 'r',
      channel: 'cli',
      time: 't',
    } as const;
    at = { ...at, state: stateAfter(at, 'approve', approvals), decisions: [...at.decisions, given] };
  }
  return { state: at.state, counted: approvals.map((one) => one.person) };
}

/** The same by a tally: what is still missing for each requirement. */
function model(list: readonly Requirement[], escalated: boolean, all: readonly Approver[]): string {
  const missing = list.map((one) => one.quorum);
  const opened = list.map((one) => (escalated ? one.approvers.concat(one.escalateTo) : one.approvers));
  const named = list.some((one) => one.approvers.length > 0);
  const seen: string[] = ['olga', 'etl-bot'];
  for (const { name, groups: has } of all) {
    const who = name.trim().toLowerCase();
    const mayCome =
      !named || list.some((one, i) => one.approvers.length > 0 && opened[i]?.some((g) => has.includes(g)));
    if (seen.includes(who) || !mayCome) continue;
    seen.push(who);
    list.forEach((one, i) => {
      if (one.approvers.length === 0 || opened[i]?.some((g) => has.includes(g)))
        missing[i] = (missing[i] ?? 0) - 1;
    });
    if (missing.every((n) => n <= 0)) return 'approved';
  }
  return 'pending';
}

test('a request is approved when every requirement is met, and not before', () => {
  fc.assert(
    fc.property(requirements, fc.boolean(), people, (list, escalated, all) => {
      const { state, counted } = run(requestOf(list, escalated), all);
      assert.equal(state, model(list, escalated, all));
      assert.equal(new Set(counted).size, counted.length, 'nobody twice (I5)');
      assert.ok(!counted.includes('olga') && !counted.includes('etl-bot'), 'neither owner nor agent (I5)');
    }),
    { numRuns: 3000 },
  );
});

test('one requirement more never approves what was not, for the same people', () => {
  fc.assert(
    fc.property(requirements, requirement, fc.boolean(), people, (list, more, escalated, all) => {
      const approvals = all.map(({ name, groups: has }) => ({ person: personKey(name), groups: has }));
      const few = stateAfter(requestOf(list, escalated), 'approve', approvals);
      const many = stateAfter(requestOf([...list, more], escalated), 'approve', approvals);
      assert.ok(few === 'approved' || many === 'pending');
    }),
    { numRuns: 1000 },
  );
});

test('of two rules with different quorums, each gets its own people', () => {
  const list = [
    { rule: 'export', approvers: ['stewards'], quorum: 2, escalateTo: [] },
    { rule: 'prod', approvers: ['security'], quorum: 1, escalateTo: ['chiefs'] },
  ];
  const s1 = { name: 's1', groups: ['stewards'] };
  const both = { name: 's2', groups: ['stewards', 'security'] };
  const guard = { name: 'g1', groups: ['security'] };
  const other = { name: 'g2', groups: ['security'] };
  const chief = { name: 'c1', groups: ['chiefs'] };
  const state = (escalated: boolean, ...all: Approver[]): string =>
    run(requestOf(list, escalated), all).state;
  // By one number these two would have been two people, and one of each rule's groups.
  assert.equal(state(false, s1, guard), 'pending');
  assert.equal(state(false, s1, guard, other), 'pending');
  assert.equal(state(false, s1, both), 'approved');
  assert.equal(state(false, s1, both, chief), 'approved');
  // An escalation widens the rule that asks for it and no other.
  assert.equal(state(false, chief, s1), 'pending');
  assert.equal(state(true, chief, s1), 'pending');
  assert.equal(state(true, chief, s1, { name: 's3', groups: ['stewards'] }), 'approved');
});

test('a request from before there were requirements needs its number and each of its groups', () => {
  const old = { ...asked({ quorum: 2, approverGroups: [['a'], ['b']] }) };
  const request = newRequest(old, '0000-0000', new Date(0), {});
  const of = (name: string, ...has: string[]): Approval => ({ person: name, groups: has });
  assert.equal(stateAfter(request, 'approve', [of('x', 'a', 'b')]), 'pending');
  assert.equal(stateAfter(request, 'approve', [of('x', 'a'), of('y', 'a')]), 'pending');
  assert.equal(stateAfter(request, 'approve', [of('x', 'a'), of('y', 'b')]), 'approved');
});
