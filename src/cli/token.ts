/** `postern token new`: a token for a person, and what postern.yaml keeps of it. Offline; nothing is stored. */
import { createHash, randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { json, print } from './output.ts';

/** 256 bits: as much as the digest that stands for it. */
const TOKEN_BYTES = 32;

export function tokenCommand(root: Command): void {
  root
    .command('token')
    .description('make tokens')
    .command('new')
    .description('print a new token and its SHA-256 for postern.yaml')
    .option('--json', 'print both as JSON')
    .action((options: { json?: true }) => {
      // The prefix lets secret scanners find a token that was committed by mistake.
      const token = `postern_${randomBytes(TOKEN_BYTES).toString('base64url')}`;
      const tokenSha256 = createHash('sha256').update(token).digest('hex');
      if (options.json === true) return print(json({ token, tokenSha256 }));
      print(`token        ${token}`);
      print(`tokenSha256  ${tokenSha256}`);
      print('\nThe person keeps the token. postern.yaml gets the other, under approvers, beside their name.');
    });
}
