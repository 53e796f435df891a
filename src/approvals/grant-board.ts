/** What sessions of one agent on one database see of its grants: a hint, kept true by the service. */
import type { AgentGrants, Grant } from './grant.ts';
import type { Lease, Use } from './grant-lease.ts';

export type BoardCalls = {
  use(grant: Grant, use: Use): Promise<Lease | null>;
  void(grant: Grant, why: string): void;
};

export class Board implements AgentGrants {
  any = false;
  active: readonly Grant[] = [];
  readonly #service: BoardCalls;

  constructor(service: BoardCalls) {
    this.#service = service;
  }

  show(active: readonly Grant[]): void {
    this.active = active;
    this.any = active.length > 0;
  }

  use(grant: Grant, use: Use): Promise<Lease | null> {
    return this.#service.use(grant, use);
  }

  voided(grant: Grant, why: string): void {
    this.#service.void(grant, why);
  }
}

/** Which board a grant is on. */
export function keyOf({ agent, database }: Pick<Grant, 'agent' | 'database'>): string {
  return `${agent}\n${database}`;
}

/** What orders who grants to one agent, at all instances. */
export function grantsOf(agent: string): string {
  return `grants of ${agent}`;
}
