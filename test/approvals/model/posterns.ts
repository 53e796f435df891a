/**
 * One or more Posterns' approvals on one store, each with its gate, that can be killed between any two effects.
 * A kill is a fuse: after so many effects on trail and store every further one fails, before or after it was
 * done, and nothing that the dead one does reaches anything any more. Its connections end as a process's would.
 */
import type { AuditEvent, Trail } from '../../../src/audit/event.ts';
import type { Request } from '../../../src/approvals/request.ts';
import { openApprovals, type ApprovalService } from '../../../src/approvals/service.ts';
import type { Store } from '../../../src/approvals/store.ts';
import { Gate } from '../../../src/gate/gate.ts';
import { Judge } from '../../../src/gate/judge.ts';
import { AGENT, rule, ruleSet, snapshotOf } from '../../policy/build.ts';
import { AGENTS, ESCALATES_MS, EXPIRES_MS, RELATIONS } from './steps.ts';

export class Killed extends Error {}

class Fuse {
  dead = false;
  #left = Infinity;
  #done = false;

  light(effects: number, done: boolean): void {
    this.#left = effects;
    this.#done = done;
    if (effects === 0) this.dead = true;
  }

  putOut(): void {
    this.#left = Infinity;
  }

  async pass<T>(effect: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Killed();
    this.#left -= 1;
    const last = this.#left <= 0;
    if (last) this.dead = true;
    if (last && !this.#done) throw new Killed();
    const result = await effect();
    // What it was told after its end it did not hear.
    if (this.dead) throw new Killed();
    return result;
  }
}

export type Postern = {
  readonly service: ApprovalService;
  readonly gates: readonly Gate[];
  readonly fuse: Fuse;
  /** The store itself, past the fuse. */
  readonly store: Store;
};

/** What all Posterns of a test share. */
export type Ground = {
  readonly events: AuditEvent[];
  now: number;
  open(place: number): Promise<Store>;
};

export async function startPostern(ground: Ground, place: number): Promise<Postern> {
  const store = await ground.open(place);
  const fuse = new Fuse();
  const trail: Trail = {
    room: () => undefined,
    note: (event) => {
      if (!fuse.dead) ground.events.push(event);
    },
    record: (event) =>
      fuse.pass(async () => {
        await new Promise((resolve) => setImmediate(resolve));
        ground.events.push(event);
      }),
  };
  const service = await openApprovals({
    store: fused(store, fuse),
    trail,
    now: () => new Date(ground.now),
    maxPendingPerAgent: 1000,
    sweepMs: 3_600_000,
  });
  const asker = { sessionId: `s${place}`, owner: 'olga', role: 'app', recordFirst: false };
  const gates = AGENTS.map((name) => new Gate(judgeOf(name), asker, trail, service));
  return { service, gates, fuse, store };
}

const CHANGES = ['insert', 'decide', 'escalate', 'move', 'claim'] as const;

/** Looking is no effect, but a dead process does not see either. */
function fused(store: Store, fuse: Fuse): Store {
  const requests = Object.fromEntries(
    Object.entries(store.requests).map(([name, work]) => [
      name,
      async (...args: unknown[]): Promise<unknown> => {
        const call = work as (...args: unknown[]) => Promise<unknown>;
        if ((CHANGES as readonly string[]).includes(name)) return fuse.pass(() => call(...args));
        if (fuse.dead) throw new Killed();
        return call(...args);
      },
    ]),
  ) as unknown as Store['requests'];
  return { ...store, requests };
}

function judgeOf(agent: string): Judge {
  const escalate = { afterMs: ESCALATES_MS, to: ['leads'] };
  const rules = ruleSet({
    rules: RELATIONS.map(({ name, quorum }) =>
      rule(name, { relation: [{ schema: 'public', table: name.slice('public.'.length) }] }, 'hold', {
        approvers: ['stewards'],
        quorum,
        expiresMs: EXPIRES_MS,
        escalate,
      }),
    ),
    defaults: { ddl: 'allow', destructive: 'allow' },
  });
  const snapshot = snapshotOf(Object.fromEntries(RELATIONS.map(({ name }) => [name, {}])));
  const limits = { maxStatementBytes: 10_000, statementCacheEntries: 100 };
  const where = { database: 'shop', environment: 'prod' };
  return new Judge(
    { ...AGENT, name: agent },
    where,
    { rules: () => rules, snapshot: () => snapshot },
    limits,
  );
}

/** One statement that an agent sent, as its session lives it. */
export type Session = {
  readonly postern: Postern;
  readonly agent: number;
  readonly text: string;
  requestId: string | null;
  /** `ran`, or the code of the refusal; null while it waits. */
  end: string | null;
  readonly over: Promise<void>;
};

export type Run = { readonly requestId: string; readonly agent: number; readonly text: string };

/** Sends a statement as a session does; what gets its permit is in `runs`. Resolves when it runs, is refused or waits. */
export async function send(
  postern: Postern,
  { agent, text, returns }: { readonly agent: number; readonly text: string; readonly returns: boolean },
  runs: Run[],
): Promise<Session> {
  const over = Promise.withResolvers<void>();
  const session: Session = { postern, agent, text, requestId: null, end: null, over: over.promise };
  const ends = (how: string): void => {
    session.end = how;
    over.resolve();
  };
  const refused = (error: unknown): void =>
    ends(error instanceof Killed || postern.fuse.dead ? 'killed' : (error as { code: string }).code);
  try {
    const gate = postern.gates[agent];
    if (gate === undefined) throw new Error('no such agent');
    const execution = {
      parameters: new Uint8Array(0),
      inTransaction: false,
      sessionReason: null,
      maxWaitMs: Number.MAX_SAFE_INTEGER,
      returns,
      settings: [],
    };
    const hold = await gate.hold(gate.judge.judge(text, false), execution);
    session.requestId = hold.request.id;
    hold.permit.then((permit) => {
      permit.spend();
      runs.push({ requestId: hold.request.id, agent, text });
      ends('ran');
    }, refused);
  } catch (error) {
    refused(error);
  }
  return session;
}

/** Every request of a run that any trail or store has heard of. */
export async function stored(postern: Postern, ids: Iterable<string>): Promise<Map<string, Request>> {
  const found = new Map<string, Request>();
  for (const id of ids) {
    const one = await postern.store.requests.find(id);
    if (one !== null) found.set(id, one.request);
  }
  return found;
}
