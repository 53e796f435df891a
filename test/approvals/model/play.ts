/**
 * Plays steps on real Posterns over a real store: one after the other against the reference, or at once, with
 * Posterns dying in between, against what must hold whatever happens. Invariant: the stores are used again from
 * run to run, and every run's texts are its own, so no run sees another's requests.
 */
import assert from 'node:assert/strict';
import type { AuditEvent } from '../../../src/audit/event.ts';
import { checkAgreement } from '../agreement.ts';
import { Reference } from './reference.ts';
import { send, startPostern, stored, type Ground, type Postern, type Run, type Session } from './posterns.ts';
import { EXPIRES_MS, PASS_MS, PEOPLE, RELATIONS, type Step } from './steps.ts';

/** Nothing here takes a hundredth of it; whoever waits longer hangs. */
const HANGS_MS = 10_000;

export class Play {
  readonly #ground: Ground;
  readonly #posterns: Postern[];
  #run = 0;
  #runs: Run[] = [];
  #sessions: Session[] = [];
  #firstEvent = 0;
  /** Everything told of so far, so that a test can say what it played. */
  readonly totals = { runs: 0, steps: 0, ran: 0, kills: 0, requests: 0 };

  private constructor(ground: Ground, posterns: Postern[]) {
    this.#ground = ground;
    this.#posterns = posterns;
  }

  static async open(ground: Ground, posterns: number): Promise<Play> {
    const opened: Postern[] = [];
    for (let place = 0; place < posterns; place += 1) opened.push(await startPostern(ground, place));
    return new Play(ground, opened);
  }

  async close(): Promise<void> {
    for (const { service, store } of this.#posterns) {
      await service.close();
      await store.close();
    }
  }

  /** Each step does what the reference does, to the letter. */
  async inOrder(steps: readonly Step[]): Promise<void> {
    this.#begin();
    const reference = new Reference(this.#posterns.length);
    for (const step of steps) {
      const ids = this.#ids();
      const cancelled = step.what === 'cancel' ? reference.cancelled(step.session) : null;
      const succeeds = reference.take(step);
      const done = await this.#take(step, ids, cancelled).then(
        () => true,
        () => false,
      );
      const say = JSON.stringify(step);
      if (succeeds !== null) assert.equal(done, succeeds, say);
      if (step.what === 'crash') await this.#restartDead();
      await this.#compare(reference, say);
    }
    await this.#end(true);
  }

  /** Nothing runs without its grant or twice, whoever dies in the middle of whatever. */
  async atOnce(bursts: readonly (readonly Step[])[]): Promise<void> {
    this.#begin();
    let crashes = false;
    for (const burst of bursts) {
      const ids = this.#ids();
      crashes ||= burst.some((step) => step.what === 'crash');
      await Promise.allSettled(
        burst.map((step) => this.#take(step, ids, step.what === 'cancel' ? step.session : null)),
      );
      await this.#restartDead();
    }
    await this.#end(!crashes);
  }

  #begin(): void {
    this.#run += 1;
    this.#runs = [];
    this.#sessions = [];
    this.#firstEvent = this.#ground.events.length;
    this.totals.runs += 1;
  }

  #events(): AuditEvent[] {
    return this.#ground.events.slice(this.#firstEvent);
  }

  /** Of this run's requests, in the order they were made. */
  #ids(): string[] {
    return this.#events().flatMap((event) => (event.kind === 'request_created' ? [event.request_id] : []));
  }

  #at(place: number): Postern {
    const postern = this.#posterns[place % this.#posterns.length];
    assert.ok(postern !== undefined);
    return postern;
  }

  async #take(step: Step, ids: readonly string[], session: number | null): Promise<void> {
    this.totals.steps += 1;
    const id = (pick: number): string => ids[pick % Math.max(1, ids.length)] ?? 'none-none';
    switch (step.what) {
      case 'send': {
        const text = `drop table ${RELATIONS[step.relation]?.name} /* run ${this.#run} */`;
        this.#sessions.push(await send(this.#at(step.at), { ...step, text }, this.#runs));
        return;
      }
      case 'decide': {
        const person = PEOPLE[step.person];
        assert.ok(person !== undefined);
        await this.#at(step.at).service.decide(id(step.request), person, step.answer, 'because', 'cli');
        return;
      }
      case 'cancel': {
        const one = session === null ? undefined : this.#sessions[session];
        if (one?.end === null && one.requestId !== null)
          await one.postern.service.withdraw(one.requestId, 'cancelled');
        return;
      }
      case 'misspend':
        await this.#at(step.at).service.spend(id(step.request), 'f'.repeat(64), 's');
        return;
      case 'pass':
        await this.#pass(PASS_MS);
        return;
      case 'crash':
        this.#at(step.at).fuse.light(step.effects, step.done);
        return;
    }
  }

  async #pass(ms: number): Promise<void> {
    this.#ground.now += ms;
    for (const { service } of this.#posterns) {
      await service.expireDue();
      // One that is running may have looked before.
      await service.sweep();
      await service.sweep();
    }
  }

  async #restartDead(): Promise<void> {
    for (const [place, postern] of this.#posterns.entries()) {
      if (!postern.fuse.dead) continue;
      this.totals.kills += 1;
      for (const one of this.#sessions) if (one.postern === postern && one.end === null) one.end = 'killed';
      await postern.store.close();
      this.#posterns[place] = await startPostern(this.#ground, place);
    }
  }

  async #compare(reference: Reference, say: string): Promise<void> {
    for (const [number, { end }] of reference.sessions.entries()) {
      const session = this.#sessions[number];
      assert.ok(session !== undefined, say);
      // Who wakes first of those who wait for one grant is nobody's business.
      if (end !== null && session.end === null) await this.#over(session, say);
    }
    const ends = (list: readonly { readonly end: string | null }[]): string =>
      list
        .map(({ end }) => String(end))
        .sort()
        .join();
    assert.equal(ends(this.#sessions), ends(reference.sessions), say);
    const ids = this.#ids();
    const found = await stored(this.#at(this.totals.steps), ids);
    assert.deepEqual(
      ids.map((id) => found.get(id)?.state),
      reference.requests.map(({ state }) => state),
      say,
    );
  }

  async #over(session: Session, say: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${session.requestId} hangs: ${say}`)), HANGS_MS);
    });
    await Promise.race([session.over, late]).finally(() => clearTimeout(timer));
  }

  /** Time ends whatever is open; then all that was recorded must agree with all that ran. */
  async #end(undisturbed: boolean): Promise<void> {
    // First, for what sessions still do may light one's end just after it was looked at.
    for (const { fuse } of this.#posterns) fuse.putOut();
    await this.#restartDead();
    await this.#pass(2 * EXPIRES_MS);
    for (const session of this.#sessions) if (session.end === null) await this.#over(session, 'at the end');
    const ids = new Set(this.#ids());
    const requests = await stored(this.#at(0), ids);
    for (const id of ids) {
      const request = requests.get(id);
      const about = this.#events().filter((event) => (event as { request_id?: string }).request_id === id);
      checkAgreement(id, about, request);
      const ran = this.#runs.filter((run) => run.requestId === id);
      assert.ok(ran.length <= (request?.state === 'spent' ? 1 : 0), `${id} ran ${ran.length} times`);
      assert.ok(request?.state !== 'pending' && request?.state !== 'approved', `${id} is ${request?.state}`);
      if (undisturbed) assert.equal(ran.length, request?.state === 'spent' ? 1 : 0, id);
    }
    for (const { requestId, agent, text } of this.#runs) {
      const request = requests.get(requestId);
      assert.ok(
        request !== undefined && text.startsWith(request.statement.slice(0, 'drop table public.one'.length)),
      );
      assert.equal(this.#sessions.find((one) => one.requestId === requestId)?.agent, agent);
    }
    this.totals.ran += this.#runs.length;
    this.totals.requests += ids.size;
  }
}
