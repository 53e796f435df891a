/** `postern login`, `logout` and `whoami`: being somebody to Postern without keeping a token in a file by hand. */
import type { Command } from 'commander';
import { PosternError } from '../errors.ts';
import { askLogin, makeClient } from './client.ts';
import { connected } from './connected.ts';
import { findPlace } from './connection.ts';
import type { ConnectionFlags } from './connection.ts';
import { Credentials } from './credentials.ts';
import { complain, json, print, safe } from './output.ts';

export function loginCommand(root: Command): void {
  root
    .command('login')
    .description('sign in with the identity provider that Postern names')
    .option('--json', 'print who you are as JSON')
    .action(async (options: { json?: true }, command: Command) => {
      const { url } = findPlace(command.optsWithGlobals<ConnectionFlags>());
      const { oidc } = await askLogin(url);
      if (oidc === null)
        throw new PosternError('sign-in-failed', { reason: `${url} has no identity provider` });
      const { signIn } = await import('./sign-in.ts');
      const login = await signIn(oidc, ({ url: where, code }) => {
        complain(`To sign in to ${url} with ${safe(oidc.issuer)}, open`);
        complain(`  ${safe(where)}`);
        complain(`and go on only if it shows the code ${safe(code)}. Waiting …`);
      });
      // Asked before it is kept: somebody whom Postern refuses has nothing to keep.
      const who = await makeClient({ url, token: login.token }).whoami();
      new Credentials().put(url, login);
      print(
        options.json === true
          ? json(who)
          : `signed in as ${safe(who.name)} (${who.roles.map(safe).join(', ')})`,
      );
    });
}

export function logoutCommand(root: Command): void {
  root
    .command('logout')
    .description('forget what `login` got, and tell the provider')
    .action(async (_options: object, command: Command) => {
      const { url } = findPlace(command.optsWithGlobals<ConnectionFlags>());
      const credentials = new Credentials();
      const login = credentials.find(url);
      if (login === null) return print(`nobody is signed in to ${url}`);
      credentials.put(url, null);
      const { revoke } = await import('./sign-in.ts');
      await revoke(login).catch(() =>
        complain('postern: the provider could not be told; the session ends there by its own time'),
      );
      print(`signed out of ${url}`);
    });
}

export function whoamiCommand(root: Command): void {
  root
    .command('whoami')
    .description('show who you are to Postern')
    .option('--json', 'print the answer of the API')
    .action(async (options: { json?: true }, command: Command) => {
      const who = await connected(command).whoami();
      if (options.json === true) return print(json(who));
      const groups = who.groups.length === 0 ? 'none' : who.groups.map(safe).join(', ');
      print(`name     ${safe(who.name)}\nroles    ${who.roles.map(safe).join(', ')}\ngroups   ${groups}`);
      print(`expires  ${who.expiresAt === null ? 'never' : safe(who.expiresAt)}`);
    });
}
