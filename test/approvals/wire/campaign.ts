/** Rounds of crashes at random moments under load, and the reckoning afterwards. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startLoad, type Load, type Random } from './load.ts';
import { reckon, type Figures } from './reckoning.ts';
import { openStage, type Stage } from './stage.ts';

export type Campaign = {
  readonly store: 'sqlite' | 'postgres';
  readonly seed: number;
  /** Another crash? */
  readonly goesOn: (crashes: number) => boolean;
};

export type Report = Figures & {
  readonly crashes: Readonly<Record<string, number>>;
  /** How long the slowest start after a crash took, by what it was. In ms. */
  readonly slowestStarts: Readonly<Record<string, number>>;
};

/** Crashes come so long after the load runs again, at most. In ms. */
const WITHIN_MS = 400;
/** Nothing is acknowledged for so long: it does not come back. In ms. */
const BACK_WITHIN_MS = 30_000;

export async function campaign({ store, seed, goesOn }: Campaign): Promise<Report> {
  const random = seeded(seed);
  const stage = await openStage(store);
  try {
    const load = startLoad(stage, seeded(seed + 1));
    const crashes: Record<string, number> = {};
    const slowestStarts: Record<string, number> = {};
    try {
      for (let n = 0; goesOn(n); n += 1) {
        await runsAgain(load);
        await sleep(random() * WITHIN_MS);
        const victims = victimsOf(stage, random);
        const name = victims.map((one) => one.name).join(' and ');
        crashes[name] = (crashes[name] ?? 0) + 1;
        await Promise.all(victims.map((one) => one.crash()));
        if (random() < 0.3) await sleep(random() * WITHIN_MS);
        // Postern reads the catalog when it starts, so the databases come first.
        for (const one of victims.toSorted((a, b) => a.order - b.order)) {
          const startedAt = performance.now();
          await one.start();
          const tookMs = Math.round(performance.now() - startedAt);
          slowestStarts[one.name] = Math.max(tookMs, slowestStarts[one.name] ?? 0);
        }
      }
      await runsAgain(load);
    } finally {
      await load.stop();
    }
    await Promise.all(stage.instances.map((one) => one.stop()));
    return { ...(await reckon(stage, load)), crashes, slowestStarts };
  } finally {
    await stage.close();
  }
}

/** Load that hangs is no load: the next crash waits until something got through. */
async function runsAgain(load: Load): Promise<void> {
  const before = load.acknowledged();
  const giveUpAt = performance.now() + BACK_WITHIN_MS;
  while (load.acknowledged() === before) {
    if (performance.now() > giveUpAt) throw new Error(`nothing got through for ${BACK_WITHIN_MS} ms`);
    await sleep(10);
  }
}

type Victim = {
  readonly name: string;
  readonly order: number;
  crash(): Promise<void>;
  start(): Promise<void>;
};

/** One of them, more rarely two at once. */
function victimsOf({ upstream, store, instances }: Stage, random: Random): readonly Victim[] {
  const all: Victim[] = [
    { name: 'database', order: 0, crash: () => upstream.crash(), start: () => upstream.start() },
    ...(store === null
      ? []
      : [{ name: 'store', order: 0, crash: () => store.crash(), start: () => store.start() }]),
    ...instances.map((one) => ({
      name: 'Postern',
      order: 1,
      crash: () => one.kill(),
      start: () => one.start(),
    })),
  ];
  // Postern is what is tested; SQLite's store dies with it.
  const weighted = all.flatMap((one) => (one.name === 'Postern' ? [one, one] : [one]));
  const pick = (): Victim | undefined => weighted[Math.floor(random() * weighted.length)];
  const first = pick();
  const second = random() < 0.2 ? pick() : undefined;
  return [...new Set([first, second])].filter((one) => one !== undefined);
}

/** Mulberry32, by Tommy Ettinger: small, and the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
