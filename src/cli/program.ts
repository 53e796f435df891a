/** argv → the command → an exit code. The one place that prints refusals. */
import { Command, CommanderError } from 'commander';
import { PosternError } from '../errors.ts';
import { StartFailure } from '../processes/start-failure.ts';
import { VERSION } from '../version.ts';
import { agentsCommand } from './agents.ts';
import { approveCommand } from './approve.ts';
import { auditSearchCommand } from './audit-search.ts';
import { auditVerifyCommand } from './audit-verify.ts';
import { channelsCommand } from './channels.ts';
import { completionCommand } from './completion.ts';
import { denyCommand } from './deny.ts';
import { escalateCommand } from './escalate.ts';
import { ApiRefusal, EXIT, Finished, UsageError, exitCodeOf } from './exit-codes.ts';
import { grantCommand, grantsCommand, revokeCommand } from './grants.ts';
import { loginCommand, logoutCommand, whoamiCommand } from './login.ts';
import { complain, safe } from './output.ts';
import { policyCheckCommand } from './policy-check.ts';
import { policyExplainCommand } from './policy-explain.ts';
import { requestsCommand } from './requests.ts';
import { serveCommand } from './serve.ts';
import { showCommand } from './show.ts';
import { tokenCommand } from './token.ts';

/** @param args without node and the script */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await program().parseAsync(args, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed what was wrong, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    explain(error);
    return exitCodeOf(error);
  }
}

export function program(): Command {
  const root = new Command('postern')
    .description('Hold, mask and prove what agents do to a database.')
    .version(VERSION)
    .option('--url <url>', 'where the API of Postern is (or POSTERN_URL)')
    .option('--token <token>', 'your token (or POSTERN_TOKEN, which other processes cannot see)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  serveCommand(root);
  requestsCommand(root);
  showCommand(root);
  approveCommand(root);
  denyCommand(root);
  escalateCommand(root);
  grantCommand(root);
  grantsCommand(root);
  revokeCommand(root);
  agentsCommand(root);
  channelsCommand(root);
  const policy = root.command('policy').description('check rules.yaml, ask what it would say');
  policyCheckCommand(policy);
  policyExplainCommand(policy);
  const audit = root.command('audit').description('verify and search the trail');
  auditVerifyCommand(audit);
  auditSearchCommand(audit);
  tokenCommand(root);
  loginCommand(root);
  logoutCommand(root);
  whoamiCommand(root);
  completionCommand(root);
  return root;
}

function explain(error: unknown): void {
  if (error instanceof Finished) return;
  if (
    error instanceof PosternError ||
    error instanceof ApiRefusal ||
    error instanceof UsageError ||
    error instanceof StartFailure
  ) {
    // A message may hold several lines of ours; what others wrote in it must not add any.
    for (const [i, line] of error.message.split('\n').entries())
      complain(`${i === 0 ? 'postern: ' : '  '}${safe(line)}`);
    if (error.hint !== '') complain(`  ${safe(error.hint)}`);
    return;
  }
  complain(`postern: ${safe(error instanceof Error ? error.message : String(error))}`);
}
