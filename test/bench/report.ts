/** Numbers of all rounds → a table. Ratios are taken within a round and only then their median. */
import type { Workload } from './workloads.ts';

export type Sample = {
  readonly round: number;
  readonly workload: Workload;
  readonly target: string;
  /** In units of the workload, a second. */
  readonly rate: number;
  /** Of the process in between, for each unit, a thousand where they are rows; null where it cannot be told. */
  readonly cpuMicros: number | null;
  /** Share of one core that the generator took. */
  readonly generatorLoad: number;
};

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median over rounds of one target's rate over another's in the same round. */
export function ratio(samples: readonly Sample[], workload: Workload, target: string, base: string): number {
  const rate = (name: string, round: number): number =>
    samples.find((one) => one.workload === workload && one.target === name && one.round === round)?.rate ??
    Number.NaN;
  const rounds = [...new Set(samples.map((one) => one.round))];
  return median(rounds.map((round) => rate(target, round) / rate(base, round)));
}

/** A Markdown table: one row for each workload and target, in the order given. */
export function table(samples: readonly Sample[], targets: readonly string[]): string {
  const lines = [
    '| workload | target | rate /s | of direct | of pipe | CPU µs | generator | bar |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |',
  ];
  for (const workload of new Set(samples.map((one) => one.workload))) {
    for (const target of targets) {
      const of = samples.filter((one) => one.workload === workload && one.target === target);
      const first = of[0];
      if (first !== undefined) lines.push(row(samples, of, first));
    }
  }
  return lines.join('\n');
}

function row(all: readonly Sample[], of: readonly Sample[], { workload, target }: Sample): string {
  const cpu = of.flatMap((one) => (one.cpuMicros === null ? [] : [one.cpuMicros]));
  const cells = [
    workload.name,
    target,
    Math.round(median(of.map((one) => one.rate))).toLocaleString('en'),
    ratio(all, workload, target, 'direct').toFixed(2),
    ratio(all, workload, target, 'bare Node pipe').toFixed(2),
    cpu.length === 0 ? '' : median(cpu).toFixed(1),
    `${Math.round(100 * median(of.map((one) => one.generatorLoad)))} %`,
    target.startsWith('Postern') ? verdict(all, workload, target) : '',
  ];
  return `| ${cells.join(' | ')} |`;
}

function verdict(all: readonly Sample[], workload: Workload, target: string): string {
  const { bar } = workload;
  if (bar === null) return '';
  const reached = ratio(all, workload, target, bar.of) >= bar.least;
  return `${reached ? 'met' : 'missed'}: ${bar.least} of ${bar.of}`;
}
