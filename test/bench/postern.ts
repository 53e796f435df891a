/**
 * Postern in a process of its own, with one agent. `node postern.ts CONFIG_FILE AGENT PASSWORD`. Asked for its
 * usage, it answers with what `Usage` says.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startPostern } from '../../src/app.ts';
import { makeVerifier, SCRAM_SALT_BYTES } from '../../src/wire/scram.ts';

/** `collect`: after a garbage collection, where Node was started with `--expose-gc`. */
export type UsageQuestion = { readonly collect: boolean };

/** Bytes, but for the last two. */
export type Usage = {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly arrayBuffers: number;
  readonly descriptors: number;
  /** The longest the event loop was away since the last question. */
  readonly loopDelayMs: number;
};

const [configFile = '', agent = '', password = ''] = process.argv.slice(2);

const postern = await startPostern({ configFile, log: 'silent' });
const verifier = await makeVerifier(password, { salt: randomBytes(SCRAM_SALT_BYTES) });
await postern.agents.add(
  { name: agent, owner: 'bench', groups: [], databases: ['*'], login: 'default', verifier },
  'bench',
);
const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();

process.on('message', (asked: UsageQuestion) => {
  if (asked.collect) globalThis.gc?.();
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const usage: Usage = {
    rss,
    heapUsed,
    external,
    arrayBuffers,
    descriptors: readdirSync('/proc/self/fd').length,
    loopDelayMs: Math.max(0, loop.max / 1e6 - 10),
  };
  loop.reset();
  process.send?.(usage);
});
process.send?.({ port: postern.agentPort, apiPort: postern.apiPort });
process.on('disconnect', () => {
  void postern.stop().finally(() => process.exit(0));
});
