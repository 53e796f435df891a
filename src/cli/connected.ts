/** The client a command uses, from the flags every command has. */
import type { Command } from 'commander';
import { makeClient } from './client.ts';
import type { Client } from './client.ts';
import { findPlace, noToken } from './connection.ts';
import type { ConnectionFlags } from './connection.ts';
import { Credentials } from './credentials.ts';

/** @throws UsageError as `findPlace`, and when there is no token and nobody signed in */
export function connected(command: Command): Client {
  const { url, token } = findPlace(command.optsWithGlobals<ConnectionFlags>());
  if (token !== null) return makeClient({ url, token });
  if (new Credentials().find(url) === null) throw noToken();
  return makeClient({
    url,
    token: async () => {
      // Loaded only where it is needed: it is most of what a command would load.
      const { freshToken } = await import('./sign-in.ts');
      const fresh = await freshToken(url);
      if (fresh === null) throw noToken();
      return fresh;
    },
  });
}
