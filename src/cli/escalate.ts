/** `postern escalate` */
import type { Command } from 'commander';
import { decideCommand } from './decide.ts';

export function escalateCommand(root: Command): void {
  decideCommand(root, 'escalate', 'let the groups that its rules name for it decide a request as well');
}
