/**
 * What must happen, worked out the simplest way: requests in a list, one step after the other, nothing stored.
 * A new kind of step (a grant revoked, say) is one more case in `take` and one arbitrary in `steps.ts`.
 */
import type { RequestState } from '../../../src/approvals/request.ts';
import { ESCALATES_MS, EXPIRES_MS, PASS_MS, PEOPLE, RELATIONS, type Step } from './steps.ts';

export type Wanted = {
  readonly agent: number;
  readonly relation: number;
  readonly returns: boolean;
  readonly at: number;
  readonly madeAt: number;
  state: RequestState;
  escalated: boolean;
  readonly approvers: Set<string>;
};

export type WantedSession = { readonly request: number; readonly at: number; end: string | null };

/** Whether a decision, a wrong spending or a cancel succeeds; null where the step is none of them. */
export type Success = boolean | null;

export class Reference {
  readonly requests: Wanted[] = [];
  readonly sessions: WantedSession[] = [];
  readonly #posterns: number;
  #now = 0;

  constructor(posterns: number) {
    this.#posterns = posterns;
  }

  /** Sessions that wait, by number. */
  waiting(): number[] {
    return this.sessions.flatMap((one, n) => (one.end === null ? [n] : []));
  }

  take(step: Step): Success {
    switch (step.what) {
      case 'send':
        this.#send(step);
        return null;
      case 'decide':
        return this.#decide(step);
      case 'cancel': {
        const number = this.cancelled(step.session);
        const session = number === null ? undefined : this.sessions[number];
        if (session !== undefined) this.#end(session.request, 'withdrawn', 'request-withdrawn');
        return null;
      }
      case 'misspend':
        return this.requests.length === 0 ? null : false;
      case 'pass':
        this.#pass();
        return null;
      case 'crash':
        this.#crash(step.at % this.#posterns);
        return null;
    }
  }

  /** Which session a cancel is about; null where none waits. */
  cancelled(pick: number): number | null {
    const waiting = this.waiting();
    return waiting[pick % Math.max(1, waiting.length)] ?? null;
  }

  #send({ agent, relation, returns, at: place }: Extract<Step, { what: 'send' }>): void {
    const at = place % this.#posterns;
    const session = (request: number, end: string | null): void =>
      void this.sessions.push({ request, at, end });
    const found = (state: RequestState): number =>
      this.requests.findLastIndex(
        (one) =>
          one.returns &&
          one.state === state &&
          one.agent === agent &&
          one.relation === relation &&
          this.#now < one.madeAt + EXPIRES_MS,
      );
    const approved = this.requests[found('approved')];
    if (approved !== undefined) {
      session(this.requests.indexOf(approved), 'ran');
      approved.state = 'spent';
    } else if (found('pending') >= 0) session(found('pending'), returns ? 'request-pending' : null);
    else if (found('denied') >= 0) session(found('denied'), 'request-denied');
    else {
      const made = { agent, relation, returns, at, madeAt: this.#now };
      this.requests.push({ ...made, state: 'pending', escalated: false, approvers: new Set() });
      session(this.requests.length - 1, returns ? 'request-pending' : null);
    }
  }

  #decide({ request, person, answer }: Extract<Step, { what: 'decide' }>): Success {
    const number = request % Math.max(1, this.requests.length);
    const about = this.requests[number];
    const who = PEOPLE[person];
    if (about === undefined || who === undefined) return null;
    const name = who.name.trim().toLowerCase();
    const counts = who.groups.includes('stewards') || (about.escalated && who.groups.includes('leads'));
    if (about.state !== 'pending' || !counts || name === 'olga') return false;
    switch (answer) {
      case 'deny':
        this.#end(number, 'denied', 'request-denied');
        return true;
      case 'escalate':
        if (about.escalated) return false;
        about.escalated = true;
        return true;
      case 'approve':
        if (about.approvers.has(name)) return false;
        about.approvers.add(name);
        if (about.approvers.size >= (RELATIONS[about.relation]?.quorum ?? 99)) this.#approve(number);
        return true;
    }
  }

  /** Whoever waits spends it: one of them. */
  #approve(number: number): void {
    const about = this.requests[number];
    const waits = this.sessions.filter((one) => one.request === number && one.end === null);
    waits.forEach((one, n) => (one.end = n === 0 ? 'ran' : 'grant-unusable'));
    if (about !== undefined) about.state = waits.length > 0 ? 'spent' : 'approved';
  }

  #end(number: number, state: 'denied' | 'expired' | 'withdrawn', told: string): void {
    const about = this.requests[number];
    if (about === undefined) return;
    if (about.state === 'approved') about.state = 'lapsed';
    if (about.state === 'pending') about.state = state;
    for (const one of this.sessions) if (one.request === number && one.end === null) one.end = told;
  }

  #pass(): void {
    this.#now += PASS_MS;
    this.requests.forEach((one, number) => {
      const open = one.state === 'pending' || one.state === 'approved';
      if (open && this.#now >= one.madeAt + EXPIRES_MS) this.#end(number, 'expired', 'request-expired');
      if (one.state === 'pending' && this.#now >= one.madeAt + ESCALATES_MS) one.escalated = true;
    });
  }

  #crash(at: number): void {
    for (const one of this.sessions) if (one.at === at && one.end === null) one.end = 'killed';
    this.requests.forEach((one, number) => {
      if (one.at === at && !one.returns) this.#end(number, 'withdrawn', 'request-withdrawn');
    });
  }
}
