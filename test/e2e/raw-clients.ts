/** Raw clients that log in as a harness's agent, and end with the test that opened them. */
import { afterEach } from 'node:test';
import type { Harness } from './harness.ts';
import { RawClient, type Target } from './raw-client.ts';

export type RawClients = {
  /** The agent of the harness. */
  readonly target: () => Target;
  /** Connected, authenticated and ready. */
  readonly raw: () => Promise<RawClient>;
  /** Connected, with nothing said yet. */
  readonly open: () => Promise<RawClient>;
};

/** Called once at the top of a file. @param harness asked when a test opens a client */
export function rawClients(harness: () => Harness): RawClients {
  const clients: RawClient[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });
  const kept = (client: RawClient): RawClient => {
    clients.push(client);
    return client;
  };
  const target = (): Target => {
    const { password, postern } = harness();
    return { port: postern.agentPort, user: 'bot', password, database: 'shop' };
  };
  return {
    target,
    raw: async () => kept(await RawClient.connect(target())),
    open: async () => kept(await RawClient.open(target().port)),
  };
}
