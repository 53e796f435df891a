/** `postern approve` */
import type { Command } from 'commander';
import { decideCommand } from './decide.ts';

export function approveCommand(root: Command): void {
  decideCommand(root, 'approve', 'let a held statement run, once');
}
