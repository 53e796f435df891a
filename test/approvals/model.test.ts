import assert from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Approver, RequestState } from '../../src/approvals/request.ts';
import { openApprovals } from '../../src/approvals/service.ts';
import { openSqliteStore } from '../../src/approvals/sqlite-store.ts';
import { mayMove } from '../../src/approvals/transitions.ts';
import { BINDING, MemoryTrail, asked, temporaryFolder } from './support.ts';

/** The people: two stewards, the owner, an outsider. */
const PEOPLE: readonly Approver[] = [
  { name: 'ana', groups: ['stewards'] },
  { name: 'cleo', groups: ['stewards'] },
  { name: 'Olga', groups: ['stewards'] },
  { name: 'dan', groups: ['sales'] },
];
const REQUESTS = 4;
const QUORUM = [1, 2, 1, 2];

type Step = {
  readonly what: 'approve' | 'deny' | 'withdraw' | 'spend' | 'misspend' | 'pass';
  readonly request: number;
  readonly person: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom<Step['what']>(
    'approve',
    'approve',
    'approve',
    'deny',
    'withdraw',
    'spend',
    'spend',
    'misspend',
    'pass',
  ),
  request: fc.nat({ max: REQUESTS - 1 }),
  person: fc.nat({ max: PEOPLE.length - 1 }),
});

/** What a request must be, worked out the simplest way: one step after the other. */
class Model {
  state: RequestState = 'pending';
  readonly approvers = new Set<number>();
  readonly quorum: number;

  constructor(quorum: number) {
    this.quorum = quorum;
  }

  /** True if the step must succeed. */
  take({ what, person }: Step): boolean {
    const mayDecide = this.state === 'pending' && person < 2;
    switch (what) {
      case 'approve':
        if (!mayDecide || this.approvers.has(person)) return false;
        this.approvers.add(person);
        if (this.approvers.size >= this.quorum) this.state = 'approved';
        return true;
      case 'deny':
        if (mayDecide) this.state = 'denied';
        return mayDecide;
      case 'withdraw':
        if (this.state === 'pending') this.state = 'withdrawn';
        if (this.state === 'approved') this.state = 'lapsed';
        return true;
      case 'spend': {
        const may = this.state === 'approved';
        if (may) this.state = 'spent';
        return may;
      }
      case 'misspend':
        return false;
      case 'pass':
        if (this.state === 'pending') this.state = 'expired';
        if (this.state === 'approved') this.state = 'lapsed';
        return true;
    }
  }
}

async function setUp(t: TestContext) {
  const store = openSqliteStore({ file: join(temporaryFolder(t), 'store.sqlite') });
  t.after(() => store.close());
  let clock = Date.parse('2030-01-01T00:00:00.000Z');
  const trail = new MemoryTrail();
  const service = await openApprovals({ store, trail, now: () => new Date(clock), maxPendingPerAgent: 1000 });
  const start = async () => {
    trail.events.length = 0;
    const terms = { approverGroups: [['stewards']], expiresMs: 1000 };
    return Promise.all(QUORUM.map((quorum) => service.ask(asked({ ...terms, quorum }))));
  };
  const run = (ids: readonly string[], { what, request, person }: Step): Promise<unknown> => {
    const id = ids[request] ?? '';
    switch (what) {
      case 'approve':
      case 'deny':
        return service.decide(id, PEOPLE[person] ?? { name: '', groups: [] }, what, 'because', 'cli');
      case 'withdraw':
        return service.withdraw(id, 'gone');
      case 'spend':
        return service.spend(id, BINDING, 's1');
      case 'misspend':
        return service.spend(id, 'f'.repeat(64), 's1');
      case 'pass':
        clock += 1000;
        return service.expireDue();
    }
  };
  return { service, trail, start, run };
}

test('any sequence of steps does what the model does', async (t) => {
  const { service, start, run } = await setUp(t);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const ids = (await start()).map((request) => request.id);
      const models = QUORUM.map((quorum) => new Model(quorum));
      for (const one of steps) {
        const succeeds =
          one.what === 'pass'
            ? models.map((m) => m.take(one)).every(Boolean)
            : models[one.request]?.take(one);
        const result = await run(ids, one).then(
          () => true,
          () => false,
        );
        assert.equal(result, succeeds, JSON.stringify(one));
        assert.deepEqual(
          await Promise.all(ids.map(async (id) => (await service.get(id)).state)),
          models.map((m) => m.state),
        );
      }
      await Promise.all(ids.map((id) => service.withdraw(id, 'end')));
    }),
    { numRuns: 60 },
  );
});

test('any interleaving: nothing spent twice, nothing spent unapproved, only legal moves, trail agrees', async (t) => {
  const { service, trail, start, run } = await setUp(t);
  const history = new Map<string, RequestState[]>();
  service.subscribe(({ id, state }) => history.set(id, [...(history.get(id) ?? []), state]));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { maxLength: 6 }),
      async (bursts) => {
        const ids = (await start()).map((request) => request.id);
        const outcomes = ids.map((id) => service.outcome(id));
        const spends = new Map<string, number>();
        for (const burst of bursts) {
          const results = await Promise.allSettled(burst.map((one) => run(ids, one)));
          results.forEach((result, i) => {
            const one = burst[i];
            assert.ok(one?.what !== 'misspend' || result.status === 'rejected');
            if (one?.what !== 'spend' || result.status === 'rejected') return;
            const id = ids[one.request] ?? '';
            spends.set(id, (spends.get(id) ?? 0) + 1);
          });
        }
        await Promise.all(ids.map((id) => service.withdraw(id, 'end')));
        for (const [i, id] of ids.entries()) {
          const { state, decisions } = await service.get(id);
          assert.equal(spends.get(id) ?? 0, state === 'spent' ? 1 : 0);
          const approvers = new Set(decisions.filter((d) => d.decision === 'approve').map((d) => d.approver));
          if (state === 'spent') assert.ok(approvers.size >= (QUORUM[i] ?? 9));
          assert.ok([...approvers].every((name) => name === 'ana' || name === 'cleo'));
          const states = history.get(id) ?? [];
          states.forEach(
            (to, at) =>
              at === 0 ||
              assert.ok(to === states[at - 1] || mayMove(states[at - 1] ?? 'pending', to), states.join()),
          );
          const recorded = trail.events.filter((e) => e.kind === 'grant_spent' && e.request_id === id);
          assert.equal(recorded.length, state === 'spent' ? 1 : 0);
        }
        const kinds = (await Promise.all(outcomes)).map((outcome) => outcome.kind);
        assert.equal(kinds.length, REQUESTS);
      },
    ),
    { numRuns: 60 },
  );
});
