/** Runs the CLI as people do: a process of its own, in a folder of its own, with nothing of ours in its environment. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TOKENS } from '../api/support.ts';
import type { Bench, Person } from '../api/support.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
export type Where = { readonly cwd: string; readonly env?: Readonly<Record<string, string>> };

export function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The environment of somebody who has set up nothing but their url and token. */
export function as(person: Person, house: Bench): Record<string, string> {
  return { POSTERN_URL: house.url, POSTERN_TOKEN: TOKENS[person] };
}

export function start(args: readonly string[], where: Where): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], {
    cwd: where.cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: where.cwd, ...where.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

export async function run(args: readonly string[], where: Where, input = ''): Promise<Ended> {
  const child = start(args, where);
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (out += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (err += text));
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, out, err };
}

/** What a terminal would act on instead of showing. Written out, and not taken from the code under test. */
const ACTING: readonly (readonly [number, number])[] = [
  [0x00, 0x09],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x17b4, 0x17b5],
  [0x180b, 0x180f],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x2800, 0x2800],
  [0x3164, 0x3164],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0xd800, 0xdfff],
  [0xe0000, 0xe0fff],
];

/** Code points of `text` that act, in hex; line ends, which we print too, are left out. */
export function acting(text: string): string[] {
  const found: string[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (ACTING.some(([from, to]) => point >= from && point <= to)) found.push(point.toString(16));
  }
  return found;
}

/** Code points, each of which takes at least one column. */
export function pointsIn(text: string): number {
  return Array.from(text).length;
}
