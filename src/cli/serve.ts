/** `postern serve`: the running system. The one command that loads it. */
import { once } from 'node:events';
import type { Command } from 'commander';

export function serveCommand(root: Command): void {
  root
    .command('serve')
    .description('run Postern until SIGTERM or SIGINT; SIGHUP reads the rules file again')
    .option('--config <file>', 'the installation', 'postern.yaml')
    .action(async (options: { config: string }) => {
      const stop = new AbortController();
      // Heard from the start: a signal during start-up stops what has started by then.
      const told = Promise.race([once(process, 'SIGTERM', stop), once(process, 'SIGINT', stop)]);
      const { startPostern } = await import('../app.ts');
      const postern = await startPostern({ configFile: options.config });
      process.on('SIGHUP', () => postern.reload());
      await told;
      // A second signal ends the process at once, as it would any other.
      stop.abort();
      await postern.stop();
    });
}
