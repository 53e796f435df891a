/**
 * Checks a whole trail, offline, in one pass with flat memory. Invariant: if any single byte of any segment
 * was changed, added or taken away, the report is not ok and names the line or the one after it.
 * What it cannot see alone: a tail cut off together with `head.json`, and a chain written anew from some
 * place on. For both, give it a head that was kept somewhere else (`expectedHead`).
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { AuditEvent } from './event.ts';
import { listSegments, segmentNumber } from './folder.ts';
import { readHeadFile } from './head-file.ts';
import { linesOf } from './lines.ts';
import { GENESIS, readRecord, type Head, type ReadProblem } from './record.ts';

export type VerifyOptions = {
  /** A head noted earlier: the trail must hold exactly this record, and may have grown since. */
  readonly expectedHead?: Head;
  /** The record before the first one given, for an export that does not begin at the beginning. */
  readonly after?: Head;
  /** Told of each sound record, in order. */
  readonly seen?: (event: AuditEvent) => void;
};

export type VerifyProblem =
  | ReadProblem
  /** The end of a file that no newline follows: a torn write, or a byte lost. */
  | 'torn-line'
  | 'seq-gap'
  | 'prev-mismatch'
  | 'missing-segment'
  | 'empty-segment'
  /** It ends before the record that head.json or the expected head names. */
  | 'cut-off'
  /** The record that head.json or the expected head names is another one. */
  | 'replaced'
  | 'head-file-unreadable'
  /** Of several processes' chains one is not there. */
  | 'missing-chain';

export type VerifyReport =
  | {
      readonly ok: true;
      readonly records: number;
      readonly segments: number;
      readonly head: Head;
      /** What stands against a cut-off tail; `none` means nothing does. */
      readonly anchor: 'expected-head' | 'head-file' | 'none';
    }
  | {
      readonly ok: false;
      /** Sound records before the broken place. */
      readonly records: number;
      readonly problem: VerifyProblem;
      readonly text: string;
      readonly file: string;
      /** From 1; null where the problem is not in a line. */
      readonly line: number | null;
      /** Of the line's first byte; null where the problem is not in a line. */
      readonly offset: number | null;
      /** The number the record there has or should have. */
      readonly seq: number;
    };

type Broken = Extract<VerifyReport, { ok: false }>;

/**
 * Verifies a trail folder (with its head.json), or segment files in the order given.
 * @throws the file system's error if something cannot be read
 */
export async function verifyTrail(
  source: string | readonly string[],
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const walk = new Walk(options);
  let files: readonly string[];
  if (typeof source !== 'string') {
    files = source;
  } else {
    // Read before the segments: a writer that is at work may add records, and never takes any away.
    const headFile = await readHeadFile(source);
    if (headFile.kind === 'unreadable')
      return walk.broken('head-file-unreadable', `${source}/head.json`, null, null);
    if (headFile.kind === 'head') walk.expect(headFile.head, 'head-file');
    files = (await listSegments(source)).map((segment) => segment.path);
  }
  const missing = missingSegment(files, options.after === undefined && typeof source === 'string');
  for (const [i, file] of files.entries()) {
    if (missing?.before === i) return walk.broken('missing-segment', file, null, null, missing.text);
    const broken = await walk.file(file, i === files.length - 1);
    if (broken !== null) return broken;
  }
  return walk.finish(files);
}

function missingSegment(
  files: readonly string[],
  fromFirst: boolean,
): { readonly before: number; readonly text: string } | null {
  let expected: number | null = fromFirst ? 1 : null;
  for (const [i, file] of files.entries()) {
    const number = segmentNumber(basename(file));
    if (number === null) return null;
    if (expected !== null && number !== expected)
      return { before: i, text: `segment ${expected} is missing before segment ${number}` };
    expected = number + 1;
  }
  return null;
}

const TEXTS: Readonly<Record<VerifyProblem, string>> = {
  malformed: 'the line is not a record',
  'hash-mismatch': 'the record was changed: its hash is not that of its contents',
  'not-canonical': 'the line was changed: it is not written as Postern writes it',
  'torn-line': 'the file ends inside a line',
  'seq-gap': 'records are missing, repeated or out of order',
  'prev-mismatch': 'the record does not follow the one before it',
  'missing-segment': 'a segment is missing',
  'empty-segment': 'a segment that is not the last is empty',
  'cut-off': 'the trail ends too early',
  replaced: 'the record is not the one that was noted',
  'head-file-unreadable': 'head.json cannot be read',
  'missing-chain': 'a chain is missing',
};

class Walk {
  readonly #expected: { readonly head: Head; readonly source: 'expected-head' | 'head-file' }[] = [];
  readonly #start: Head;
  readonly #seen: (event: AuditEvent) => void;
  #head: Head;
  #records = 0;

  constructor(options: VerifyOptions) {
    this.#start = options.after ?? GENESIS;
    this.#head = this.#start;
    this.#seen = options.seen ?? (() => undefined);
    if (options.expectedHead !== undefined) this.expect(options.expectedHead, 'expected-head');
  }

  expect(head: Head, source: 'expected-head' | 'head-file'): void {
    this.#expected.push({ head, source });
  }

  async file(file: string, last: boolean): Promise<Broken | null> {
    const before = this.#records;
    for await (const line of linesOf(file)) {
      const problem = this.#line(line.bytes, line.terminated);
      if (problem !== null) return this.broken(problem, file, line.number, line.offset);
    }
    // The writer makes a segment empty and fills it at once; only the last can be seen in between.
    return this.#records === before && !last ? this.broken('empty-segment', file, null, null) : null;
  }

  #line(bytes: Buffer, terminated: boolean): VerifyProblem | null {
    if (!terminated) return 'torn-line';
    const read = readRecord(bytes);
    if (read.kind === 'broken') return read.problem;
    const { seq, hash, prev } = read.record;
    if (seq !== this.#head.seq + 1) return 'seq-gap';
    if (prev !== this.#head.hash) return 'prev-mismatch';
    if (this.#expected.some(({ head }) => head.seq === seq && head.hash !== hash)) return 'replaced';
    this.#head = { seq, hash };
    this.#records += 1;
    this.#seen(read.record.event);
    return null;
  }

  async finish(files: readonly string[]): Promise<VerifyReport> {
    const lastFile = files.at(-1) ?? '';
    for (const { head } of this.#expected) {
      const reached = head.seq <= this.#head.seq;
      const startMatches = head.seq !== this.#start.seq || head.hash === this.#start.hash;
      if (reached && startMatches) continue;
      const text = `the trail ends at record ${this.#head.seq}, but record ${head.seq} was noted`;
      const size = lastFile === '' ? null : (await stat(lastFile)).size;
      return reached
        ? this.broken('replaced', lastFile, null, null)
        : this.broken('cut-off', lastFile, null, size, text);
    }
    const sources = this.#expected.map((expected) => expected.source);
    const anchor = sources.includes('expected-head')
      ? 'expected-head'
      : sources.includes('head-file')
        ? 'head-file'
        : 'none';
    return { ok: true, records: this.#records, segments: files.length, head: this.#head, anchor };
  }

  broken(
    problem: VerifyProblem,
    file: string,
    line: number | null,
    offset: number | null,
    text?: string,
  ): Broken {
    return {
      ok: false,
      records: this.#records,
      problem,
      text: text ?? TEXTS[problem],
      file,
      line,
      offset,
      seq: this.#head.seq + 1,
    };
  }
}
