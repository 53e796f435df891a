/** `postern agents`: add, list, rotate, disable. A password is printed once, by itself on standard output. */
import type { Command } from 'commander';
import type { AgentView } from '../api/views.ts';
import { connected } from './connected.ts';
import { complain, json, print, safe, table, terminalWidth } from './output.ts';

type AddOptions = {
  readonly owner: string;
  readonly group?: string[];
  readonly database: string[];
  readonly login: string;
  readonly json?: true;
};
type WithPassword = { readonly agent: AgentView; readonly password: string };

export function agentsCommand(root: Command): void {
  const agents = root.command('agents').description('manage who may connect');
  addCommand(agents);
  listCommand(agents);
  rotateCommand(agents);
  disableCommand(agents);
}

function addCommand(agents: Command): void {
  agents
    .command('add')
    .description('add an agent and print its password')
    .argument('<name>', 'the user name of its connection string')
    .requiredOption(
      '--owner <person>',
      "who answers for it and so may never approve its requests; an approver's name where it is one",
    )
    .requiredOption('--database <name>', "a database it may use, or '*'; may be repeated", gather)
    .option('--group <name>', 'a group that rules.yaml speaks of; may be repeated', gather)
    .option('--login <name>', "which of the database's logins it uses", 'default')
    .option('--json', 'print the answer of the API, with the password in it')
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { owner, group = [], database, login } = options;
      const client = connected(command);
      const added = await client.addAgent({ name, owner, groups: group, databases: database, login });
      tellPassword(
        added,
        options.json,
        `added ${safe(added.agent.name)}; its password, which is shown this once:`,
      );
    });
}

function listCommand(agents: Command): void {
  agents
    .command('list')
    .description('list all agents')
    .option('--json', 'print what the API has')
    .action(async (options: { json?: true }, command: Command) => {
      const answer = await connected(command).agents();
      if (options.json === true) return print(json(answer));
      if (answer.agents.length === 0) return print('there are no agents');
      const header = ['name', 'owner', 'login', 'state', 'databases', 'groups'];
      const rows = answer.agents.map((one) => [
        one.name,
        one.owner,
        one.login,
        one.disabled ? 'disabled' : 'active',
        one.databases.join(','),
        one.groups.join(','),
      ]);
      print(table(header, rows, terminalWidth()));
    });
}

function rotateCommand(agents: Command): void {
  agents
    .command('rotate')
    .description("replace an agent's password and print the new one")
    .argument('<name>', 'the agent')
    .option('--json', 'print the answer of the API, with the password in it')
    .action(async (name: string, options: { json?: true }, command: Command) => {
      const rotated = await connected(command).rotateAgent(name);
      const words = `the old password of ${safe(rotated.agent.name)} no longer works; the new one, which is shown this once:`;
      tellPassword(rotated, options.json, words);
    });
}

function disableCommand(agents: Command): void {
  agents
    .command('disable')
    .description('let an agent connect no more, and end its sessions, requests and grants')
    .argument('<name>', 'the agent')
    .option('--json', 'print the agent as the API has it')
    .action(async (name: string, options: { json?: true }, command: Command) => {
      const agent = await connected(command).disableAgent(name);
      print(options.json === true ? json(agent) : `disabled ${safe(agent.name)}`);
    });
}

/** The words go to standard error, so that `PGPASSWORD=$(postern agents rotate bot)` works. */
function tellPassword(answer: WithPassword, asJson: true | undefined, words: string): void {
  if (asJson === true) return print(json(answer));
  complain(words);
  print(answer.password);
}

function gather(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
