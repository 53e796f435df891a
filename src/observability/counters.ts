/**
 * What has happened, counted: plain numbers that the metrics read when somebody asks. Statements, sessions
 * and requests are counted where they are recorded, so a metric says what the trail says.
 */
import type { AuditEvent, Trail } from '../audit/event.ts';

/** By verdict, then action. Both come from closed lists, so neither can grow without bound. */
export type StatementCounts = Record<'allow' | 'deny' | 'hold', Record<string, number>>;

export class Counters {
  readonly statements: StatementCounts = { allow: {}, deny: {}, hold: {} };
  readonly requestSteps: Record<string, number> = {};
  /** Of time-boxed grants. */
  readonly grantSteps: Record<string, number> = {};
  grantRowsShown = 0;
  sessionsOpened = 0;
  sessionsClosed = 0;
  authenticationFailures = 0;

  count(event: AuditEvent): void {
    switch (event.kind) {
      case 'statement_allowed':
        return this.#statement('allow', event.actions);
      case 'statement_denied':
        return this.#statement('deny', event.actions);
      case 'request_created':
        this.#step('created');
        if (event.rows_so_far !== undefined) this.#step('paused');
        return this.#statement('hold', event.actions);
      case 'request_decided':
        return this.#step(event.decision === 'approve' ? 'approval' : 'denial');
      case 'request_expired':
        return this.#step('expired');
      case 'request_withdrawn':
        return this.#step('withdrawn');
      case 'grant_spent':
        return this.#step('spent');
      case 'grant_made':
        return this.#grantStep('made');
      case 'grant_revoked':
        return this.#grantStep('revoked');
      case 'grant_expired':
        return this.#grantStep('expired');
      case 'grant_exhausted':
        return this.#grantStep('exhausted');
      case 'grant_voided':
        return this.#grantStep('voided');
      case 'grant_use_ended':
        this.grantRowsShown += event.rows;
        return undefined;
      case 'session_opened':
        this.sessionsOpened += 1;
        return undefined;
      case 'session_closed':
        this.sessionsClosed += 1;
        return undefined;
      case 'authentication_failed':
        this.authenticationFailures += 1;
        return undefined;
      default:
        return undefined;
    }
  }

  /** A statement with several actions counts under each. */
  #statement(verdict: keyof StatementCounts, actions: readonly string[]): void {
    const counts = this.statements[verdict];
    for (const action of actions) counts[action] = (counts[action] ?? 0) + 1;
  }

  #step(step: string): void {
    this.requestSteps[step] = (this.requestSteps[step] ?? 0) + 1;
  }

  #grantStep(step: string): void {
    this.grantSteps[step] = (this.grantSteps[step] ?? 0) + 1;
  }
}

/** The same trail; what it accepts is counted. */
export function countedTrail(trail: Trail, counters: Counters): Trail {
  return {
    note(event) {
      trail.note(event);
      counters.count(event);
    },
    async record(event) {
      await trail.record(event);
      counters.count(event);
    },
    room: () => trail.room(),
  };
}
