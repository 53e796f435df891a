/**
 * Finds records in a trail by reading it from the beginning, with bounded memory; several chains in one folder
 * are read side by side, in the order of their records' times. A decision, expiry or
 * spent grant names only its request, so the search remembers what each request was about: asking for an
 * agent, action or relation finds those records too. Reads what is there; whether it is genuine is for
 * `verify.ts` to say, and lines that are no records are counted, never passed over in silence.
 */
import type { AuditEvent, AuditKind, TrailRecord } from './event.ts';
import { listChains } from './chains.ts';
import { listSegments } from './folder.ts';
import { DEFAULT_SEARCH_RESULTS, MAX_REMEMBERED_REQUESTS, MAX_SEARCH_RESULTS } from './limits.ts';
import { linesOf } from './lines.ts';
import { readRecord, type ReadResult } from './record.ts';

/** All that is given must fit. Names are compared without regard to case. */
export type TrailQuery = {
  readonly agent?: string;
  readonly approver?: string;
  readonly kinds?: readonly AuditKind[];
  /** `schema.name`, or a name alone for that name in every schema. */
  readonly relation?: string;
  readonly action?: string;
  readonly requestId?: string;
  readonly sessionId?: string;
  /** Both ends count. */
  readonly since?: Date;
  readonly until?: Date;
  /** The newest so many; 100 unless given, at most 10,000. */
  readonly limit?: number;
};

/** `chain`: the process whose chain it is in, where there are several (`chains.ts`). */
export type FoundRecord = TrailRecord & { readonly chain?: string };

export type SearchResult = {
  /** Oldest first. */
  readonly records: readonly FoundRecord[];
  /** More fitted than `limit` let through. */
  readonly truncated: boolean;
  /** Lines that are not sound records. If there are any, verify the trail before relying on the answer. */
  readonly unreadable: number;
};

/** The newest records that fit. @throws the file system's error */
export async function searchTrail(
  source: string | readonly string[],
  query: TrailQuery,
): Promise<SearchResult> {
  const limit = Math.max(1, Math.min(query.limit ?? DEFAULT_SEARCH_RESULTS, MAX_SEARCH_RESULTS));
  const kept: FoundRecord[] = [];
  let found = 0;
  let unreadable = 0;
  for await (const item of matches(source, query)) {
    if (item === null) {
      unreadable += 1;
    } else {
      kept[found % limit] = item;
      found += 1;
    }
  }
  const oldest = found > limit ? found % limit : 0;
  return { records: [...kept.slice(oldest), ...kept.slice(0, oldest)], truncated: found > limit, unreadable };
}

/** Streams what fits, oldest first; null stands for a line that is no sound record. `limit` is not used. */
export async function* matches(
  source: string | readonly string[],
  query: TrailQuery,
): AsyncGenerator<FoundRecord | null> {
  const requests = new Map<string, Subject>();
  const fits = matcher(query);
  for await (const { read, chain } of readings(source)) {
    if (read.kind === 'broken') {
      yield null;
      continue;
    }
    const subject = subjectOf(read.record.event, requests);
    if (fits(read.record, subject)) yield chain === undefined ? read.record : { ...read.record, chain };
  }
}

type Reading = { readonly read: ReadResult; readonly chain?: string };

async function* readings(source: string | readonly string[]): AsyncGenerator<Reading> {
  if (typeof source !== 'string') {
    yield* chainOf(source);
    return;
  }
  const chains = await Promise.all(
    (await listChains(source)).map(async ({ name, folder }) => {
      const files = (await listSegments(folder)).map((segment) => segment.path);
      // The folder's own chain needs no name: it is the one that is always there.
      return chainOf(files, folder === source ? undefined : name);
    }),
  );
  yield* chains.length === 1 && chains[0] !== undefined ? chains[0] : merged(chains);
}

async function* chainOf(files: readonly string[], chain?: string): AsyncGenerator<Reading> {
  for (const file of files)
    for await (const line of linesOf(file))
      yield { read: readRecord(line.bytes), ...(chain === undefined ? {} : { chain }) };
}

/** Each chain's order is kept; between chains the earlier record comes first, and what cannot be read at once. */
async function* merged(chains: readonly AsyncGenerator<Reading>[]): AsyncGenerator<Reading> {
  const heads = await Promise.all(chains.map((chain) => chain.next()));
  for (;;) {
    let first = -1;
    for (const [i, head] of heads.entries()) {
      const best = heads[first];
      if (head.done !== true && (best === undefined || timeOf(head.value) < timeOf(best.value))) first = i;
    }
    const next = heads[first];
    const chain = chains[first];
    if (next === undefined || next.done === true || chain === undefined) return;
    yield next.value;
    heads[first] = await chain.next();
  }
}

function timeOf({ read }: Reading): string {
  return read.kind === 'broken' ? '' : read.record.time;
}

/** What a record is about, its own words or those of the request it names. */
type Subject = {
  readonly agent?: string;
  readonly session_id?: string;
  readonly actions?: readonly string[];
  readonly relations?: readonly string[];
};

function subjectOf(event: AuditEvent, requests: Map<string, Subject>): Subject {
  const own = event as Subject;
  const id = (event as { readonly request_id?: string }).request_id;
  if (id === undefined) return own;
  if (event.kind !== 'request_created') return { ...requests.get(id), ...own };
  if (requests.size >= MAX_REMEMBERED_REQUESTS) {
    const oldest = requests.keys().next();
    if (oldest.done !== true) requests.delete(oldest.value);
  }
  const { agent, session_id, actions, relations } = event;
  requests.set(id, { agent, session_id, actions, relations });
  return own;
}

function matcher(query: TrailQuery): (record: TrailRecord, subject: Subject) => boolean {
  const since = query.since?.toISOString() ?? '';
  const until = query.until?.toISOString() ?? '~';
  const kinds = query.kinds === undefined ? null : new Set<string>(query.kinds);
  const relation = query.relation?.toLowerCase();
  return (record, subject) => {
    const event = record.event as { readonly approver?: string; readonly request_id?: string };
    // Times have one form and one zone, so their order is that of their text.
    return (
      record.time >= since &&
      record.time <= until &&
      (kinds === null || kinds.has(record.event.kind)) &&
      same(query.agent, subject.agent) &&
      same(query.sessionId, subject.session_id) &&
      same(query.approver, event.approver) &&
      same(query.requestId, event.request_id) &&
      (query.action === undefined || (subject.actions?.includes(query.action.toLowerCase()) ?? false)) &&
      (relation === undefined || (subject.relations?.some((name) => isRelation(name, relation)) ?? false))
    );
  };
}

function same(wanted: string | undefined, has: string | undefined): boolean {
  return wanted === undefined || wanted.toLowerCase() === has?.toLowerCase();
}

function isRelation(name: string, wanted: string): boolean {
  const lower = name.toLowerCase();
  return lower === wanted || lower.endsWith(`.${wanted}`);
}
