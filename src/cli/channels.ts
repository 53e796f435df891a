/** `postern channels`: the ways to approvers that postern.yaml names, and whether they work. */
import type { Command } from 'commander';
import { connected } from './connected.ts';
import { json, print, safe, table, terminalWidth } from './output.ts';

export function channelsCommand(root: Command): void {
  const channels = root.command('channels').description('see and try the ways to approvers');
  channels
    .command('list')
    .description('list the channels of postern.yaml, and what arrived since the start')
    .option('--json', 'print what the API has')
    .action(async (options: { json?: true }, command: Command) => {
      const answer = await connected(command).channels();
      if (options.json === true) return print(json(answer));
      if (answer.channels.length === 0) return print('there are no channels in postern.yaml');
      const header = ['name', 'kind', 'delivered', 'failed', 'retried', 'waiting'];
      const rows = answer.channels.map((one) => [
        one.name,
        one.kind,
        ...[one.delivered, one.failed, one.retried, one.waiting].map(String),
      ]);
      print(table(header, rows, terminalWidth()));
    });
  channels
    .command('test')
    .description('send a test message and say whether it arrived')
    .argument('<name>', 'the channel, as postern.yaml names it')
    .action(async (name: string, _options: object, command: Command) => {
      await connected(command).testChannel(name);
      print(`channel ${safe(name)} took the test message`);
    });
}
