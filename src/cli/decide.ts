/** What `approve` and `deny` have in common. */
import type { Command } from 'commander';
import type { RequestView } from '../api/views.ts';
import { connected } from './connected.ts';
import { json, print, safe } from './output.ts';

export function decideCommand(root: Command, decision: 'approve' | 'deny', description: string): void {
  root
    .command(decision)
    .description(description)
    .argument('<id>', 'the whole id of the request')
    .requiredOption('--reason <text>', "why; it goes into the trail, and a denial's to the agent")
    .option('--json', 'print the request as the API has it')
    .action(async (id: string, options: { reason: string; json?: true }, command: Command) => {
      const request = await connected(command).decide(id, decision, options.reason);
      print(options.json === true ? json(request) : outcome(request));
    });
}

function outcome(request: RequestView): string {
  const what = `${safe(request.id)} of ${safe(request.agent)}`;
  if (request.state !== 'pending') return `${safe(request.state)} ${what}`;
  const approvals = request.decisions.filter((one) => one.decision === 'approve').length;
  return `noted for ${what}: ${approvals} of ${request.quorum} approvals, still pending`;
}
