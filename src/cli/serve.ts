/** `postern serve`: the running system. The one command that loads it. */
import { once } from 'node:events';
import { InvalidArgumentError, type Command } from 'commander';
import { MAX_PROCESSES } from '../config/limits.ts';

type Running = { reload(): void; stop(): Promise<void> };

export function serveCommand(root: Command): void {
  root
    .command('serve')
    .description('run Postern until SIGTERM or SIGINT; SIGHUP reads the rules file again')
    .option('--config <file>', 'the installation', 'postern.yaml')
    .option('--processes <number>', 'in place of what the installation says', processesOf)
    .action(async (options: { config: string; processes?: number }) => {
      const stop = new AbortController();
      // Heard from the start: a signal during start-up stops what has started by then.
      const told = Promise.race([once(process, 'SIGTERM', stop), once(process, 'SIGINT', stop)]);
      const running = await start(options.config, options.processes ?? null);
      process.on('SIGHUP', () => running.reload());
      await told;
      // A second signal ends the process at once, as it would any other.
      stop.abort();
      await running.stop();
    });
}

async function start(configFile: string, asked: number | null): Promise<Running> {
  const { readInstallation } = await import('../config/read-installation.ts');
  const { processes: count, limits, log } = readInstallation(configFile, process.env, asked);
  if (count === 1) {
    const { startPostern } = await import('../app.ts');
    return startPostern({ configFile });
  }
  const { supervise } = await import('../processes/supervisor.ts');
  return supervise({ configFile, count, shutdownGraceMs: limits.shutdownGraceMs, logLevel: log.level });
}

function processesOf(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 1 || count > MAX_PROCESSES)
    throw new InvalidArgumentError(`expected a whole number from 1 to ${MAX_PROCESSES}`);
  return count;
}
