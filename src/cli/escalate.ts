/** `postern escalate` */
import type { Command } from 'commander';
import { decideCommand } from './decide.ts';

export function escalateCommand(root: Command): void {
  decideCommand(root, 'escalate', 'pass a request on to those whom its rules name next');
}
