/** `postern deny` */
import type { Command } from 'commander';
import { decideCommand } from './decide.ts';

export function denyCommand(root: Command): void {
  decideCommand(root, 'deny', 'refuse a held statement');
}
