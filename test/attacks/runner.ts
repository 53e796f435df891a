/** Plays one attack in one mode against Postern, or against the bare server, and says what it got. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Harness } from '../e2e/harness.ts';
import type { Attack } from './case.ts';
import type { Detector } from './detector.ts';
import { WireClient, type Shape } from './wire-client.ts';

export type Mode = 'simple' | 'text' | 'binary' | 'statement' | 'script';

export const SQL_MODES: readonly Mode[] = ['simple', 'text', 'binary', 'statement'];

const SHAPES: Readonly<Record<'text' | 'binary' | 'statement', Shape>> = {
  text: { format: 0, describe: 'portal' },
  binary: { format: 1, describe: 'none' },
  statement: { format: 0, describe: 'statement' },
};

export function modesOf(attack: Attack): readonly Mode[] {
  return attack.run === undefined ? SQL_MODES : ['script'];
}

/** @returns the form the secret came in, or null */
export async function play(
  url: string,
  attack: Attack,
  mode: Mode,
  detect: Detector,
): Promise<string | null> {
  const wires: WireClient[] = [];
  const open = async (): Promise<WireClient> => {
    const wire = await WireClient.open(url);
    wires.push(wire);
    return wire;
  };
  try {
    const wire = await open();
    if (attack.run !== undefined) await attack.run(wire, open);
    else await playSql(wire, attack, mode);
    return wires.map((one) => detect(one.received)).find((form) => form !== null) ?? null;
  } finally {
    for (const wire of wires) wire.close();
  }
}

async function playSql(wire: WireClient, { sql = [], values = [] }: Attack, mode: Mode): Promise<void> {
  for (const text of typeof sql === 'string' ? [sql] : sql) {
    if (wire.closed) return;
    if (mode === 'simple' || mode === 'script') await wire.simple(text);
    else await wire.extended(text, SHAPES[mode], values);
  }
}

/** Denies (or approves) every request as it appears, until it is stopped. */
export function autoDecide(
  harness: Harness,
  decision: 'approve' | 'deny',
): { stop(): Promise<void>; readonly count: number } {
  const state = { running: true, count: 0 };
  const loop = (async () => {
    while (state.running) {
      const answer = await fetch(`${harness.api}/v1/requests?state=pending`, {
        headers: { authorization: `Bearer ${harness.token}` },
      });
      // the API takes only so many questions a second
      if (answer.status === 429) {
        await answer.arrayBuffer();
        await sleep(200);
        continue;
      }
      const { requests } = (await answer.json()) as { requests: readonly { id: string }[] };
      await Promise.all(
        requests.map(async ({ id }) => {
          state.count += 1;
          await (await harness.decide(id, decision)).arrayBuffer();
        }),
      );
      await sleep(15);
    }
  })();
  return {
    async stop() {
      state.running = false;
      await loop;
    },
    get count() {
      return state.count;
    },
  };
}

/** Runs jobs, a few at a time. */
export async function inParallel<T>(
  jobs: readonly T[],
  width: number,
  run: (job: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < jobs.length) {
        const job = jobs[next++];
        if (job !== undefined) await run(job);
      }
    }),
  );
}
