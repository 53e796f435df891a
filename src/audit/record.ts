/**
 * One record of the trail and its line. Invariant: a record has exactly one line, so any byte of a line
 * that changes is seen here, either as a wrong hash or as a line that is not the record's own.
 * Does not know what came before: the chain between records is checked by `tail.ts` and `verify.ts`.
 */
import { hash as digest } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import type { AuditEvent, TrailRecord } from './event.ts';

/** `prev` of a trail's first record. */
export const GENESIS_HASH = '0'.repeat(64);

/** The last record of a trail, or of a part of it. `seq` 0 with the genesis hash stands for none. */
export type Head = { readonly seq: number; readonly hash: string };

export const GENESIS: Head = { seq: 0, hash: GENESIS_HASH };

/**
 * The line of a new record (with its newline) and the record's hash. `time` is RFC 3339 in UTC.
 * @param times more than 1 only for `statement_allowed`
 */
export function encodeRecord(
  prev: Head,
  time: string,
  event: AuditEvent,
  times = 1,
): { readonly line: string; readonly head: Head } {
  const seq = prev.seq + 1;
  const eventJson = times === 1 ? textOf(event) : repeated(textOf(event), times);
  const rest = restOf(prev.hash, seq, time);
  const hash = hashOf(eventJson, rest);
  return { line: lineOf(eventJson, hash, rest), head: { seq, hash } };
}

/** An event is a value: the gate notes the same one each time a session sends a text again. */
const texts = new WeakMap<AuditEvent, string>();

function textOf(event: AuditEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = canonicalJson(event);
  texts.set(event, text);
  return text;
}

/** `times` is the last of the members of `statement_allowed` by name, as the canonical form has them. */
function repeated(eventJson: string, times: number): string {
  return `${eventJson.slice(0, -1)},"times":${times}}`;
}

export type ReadProblem = 'malformed' | 'hash-mismatch' | 'not-canonical';

export type ReadResult =
  | { readonly kind: 'record'; readonly record: TrailRecord }
  | { readonly kind: 'broken'; readonly problem: ReadProblem; readonly seq: number | null };

/** Reads a line without its newline. A record comes back only if the bytes are the very ones we write. */
export function readRecord(bytes: Buffer): ReadResult {
  let parsed: unknown;
  let eventJson: string;
  try {
    parsed = JSON.parse(bytes.toString('utf8'));
    if (!isRecord(parsed)) return { kind: 'broken', problem: 'malformed', seq: null };
    eventJson = canonicalJson(parsed.event);
  } catch {
    // Not JSON, or nested so deep that reading it overflows the stack.
    return { kind: 'broken', problem: 'malformed', seq: null };
  }
  const { hash, prev, seq, time } = parsed;
  const rest = restOf(prev, seq, time);
  if (hashOf(eventJson, rest) !== hash) return { kind: 'broken', problem: 'hash-mismatch', seq };
  const own = Buffer.from(lineOf(eventJson, hash, rest), 'utf8');
  if (bytes.length !== own.length - 1 || own.compare(bytes, 0, bytes.length, 0, own.length - 1) !== 0) {
    return { kind: 'broken', problem: 'not-canonical', seq };
  }
  return { kind: 'record', record: parsed };
}

/** What stands behind the event, in the line and in what is hashed. */
function restOf(prev: string, seq: number, time: string): string {
  return `,"prev":"${prev}","seq":${seq},"time":"${time}","v":1}`;
}

function hashOf(eventJson: string, rest: string): string {
  return digest('sha256', `{"event":${eventJson}${rest}`, 'hex');
}

function lineOf(eventJson: string, hash: string, rest: string): string {
  return `{"event":${eventJson},"hash":"${hash}"${rest}\n`;
}

const HASH = /^[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isRecord(value: unknown): value is TrailRecord {
  if (typeof value !== 'object' || value === null) return false;
  const r = value as Readonly<Record<string, unknown>>;
  return (
    Object.keys(r).length === 6 &&
    r['v'] === 1 &&
    typeof r['seq'] === 'number' &&
    Number.isSafeInteger(r['seq']) &&
    typeof r['time'] === 'string' &&
    TIME.test(r['time']) &&
    typeof r['prev'] === 'string' &&
    HASH.test(r['prev']) &&
    typeof r['hash'] === 'string' &&
    HASH.test(r['hash']) &&
    typeof r['event'] === 'object' &&
    r['event'] !== null &&
    typeof (r['event'] as { kind?: unknown }).kind === 'string'
  );
}
