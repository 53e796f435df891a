/** The client a command uses, from the flags every command has. */
import type { Command } from 'commander';
import { makeClient } from './client.ts';
import type { Client } from './client.ts';
import { findConnection } from './connection.ts';
import type { ConnectionFlags } from './connection.ts';

/** @throws UsageError as `findConnection` */
export function connected(command: Command): Client {
  return makeClient(findConnection(command.optsWithGlobals<ConnectionFlags>()));
}
