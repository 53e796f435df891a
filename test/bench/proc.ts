/** CPU time and peak memory of another process, as Linux tells them (proc(5)); null elsewhere. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const CLOCK_TICKS =
  process.platform === 'linux' ? Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 0;

/** User and system seconds of the process and all its threads. */
export function cpuSeconds(pid: number | undefined): number | null {
  const file = `/proc/${pid}/stat`;
  if (pid === undefined || !existsSync(file)) return null;
  // The name is in parentheses and may hold spaces; utime and stime are the 14th and 15th fields.
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** Of all of them together; null where there are none, or one cannot be told. */
export function cpuSecondsOfAll(pids: readonly (number | undefined)[]): number | null {
  const each = pids.map(cpuSeconds).filter((seconds) => seconds !== null);
  return each.length === 0 || each.length < pids.length
    ? null
    : each.reduce((sum, seconds) => sum + seconds, 0);
}

/** The largest resident set so far, in MiB. */
export function peakMiB(pid: number | undefined): number | null {
  const file = `/proc/${pid}/status`;
  if (pid === undefined || !existsSync(file)) return null;
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8'));
  return line === null ? null : Number(line[1]) / 1024;
}
