/** COPY … TO STDOUT on its way to the client: passed by reference, or masked as rows would be. */
import { PosternError } from '../errors.ts';
import { copyMasker, type CopyMasker } from '../masking/copy/index.ts';
import { knowsFrom, planRow } from '../masking/plan.ts';
import type { FrameReader } from '../wire/frame-reader.ts';
import { encodeCopyData } from '../wire/server/copy-data.ts';
import { decodeCopyOutResponse } from '../wire/server/copy-response.ts';
import { unknownColumns, type CopyPlan } from './copy-plan.ts';
import { showsFor } from './output-shows.ts';
import { unexpected, type Reply } from './replies.ts';
import type { RowPause } from './row-pause.ts';
import type { RowStream } from './row-stream.ts';
import { shownTo } from './showing.ts';
import { doubted, scopeOf } from './sight.ts';
import type { SessionState } from './state.ts';

const HEADER_BYTES = 5;

export class CopyOut {
  readonly #session: SessionState;
  #masker: CopyMasker | null = null;
  #open = false;

  readonly #rows: RowStream;
  readonly #pause: RowPause;
  /** The data at hand may not pass yet. */
  #stopped = false;

  constructor(session: SessionState, rows: RowStream, pause: RowPause) {
    this.#session = session;
    this.#rows = rows;
    this.#pause = pause;
  }

  get masking(): boolean {
    return this.#masker !== null;
  }

  /** CopyOutResponse has come in answer to `head`. */
  begin(head: Reply, buffer: Buffer, start: number, end: number): void {
    this.#masker = null;
    this.#open = true;
    const session = this.#session;
    const shown = shownTo(head);
    const { masks, snapshot } = shown ?? session.parts.gate.judge;
    const scope = scopeOf(session, head);
    if (!masks.any && scope === 'clean') return;
    const plan = planOf(head);
    if (plan === null)
      throw new PosternError('masking-failed', { reason: 'COPY data came from an unforeseen statement' });
    const { columnFormats } = decodeCopyOutResponse(buffer, start, end);
    const format = plan.options.format === 'binary' ? 1 : 0;
    // Column for column or not at all: a count that differs says the columns are others.
    const inDoubt = doubted(session, head) || plan.madeFor !== snapshot;
    const fits = !inDoubt && plan.columns !== null && plan.columns.length === columnFormats.length;
    const columns =
      fits && plan.columns !== null ? plan.columns : unknownColumns(columnFormats.length, format);
    const knows = shown === null ? session.knows(false) : knowsFrom(shown.snapshot);
    const shows = fits ? showsFor(session, head) : null;
    const rows = planRow(columns, masks, fits ? scope : 'opaque', knows, shows);
    if (rows === null) return;
    const { maskKey, limits } = session.parts;
    const names = columns.map((c) => c.name);
    this.#masker = copyMasker(plan.options, rows, names, maskKey, limits.maxMaskedRowBytes);
  }

  /**
   * A message counts as a row, whatever the format; so do a header and a binary trailer that come by themselves.
   * @throws PosternError `upstream-protocol` for data that nothing announced
   */
  data(reader: FrameReader): void {
    if (!this.#open) throw unexpected('COPY data');
    if (this.#pause.dropping) return;
    const { meter } = this.#rows;
    if (meter === null || !reader.first || meter.passOne()) return this.#pass(reader);
    this.#stopped = true;
    this.#pause.stop(this.#session.replies.head, meter);
  }

  /** Goes on with the data that was stopped, which the reader still shows. */
  again(reader: FrameReader): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.data(reader);
  }

  #pass(reader: FrameReader): void {
    const { toClient } = this.#session.parts;
    if (this.#masker === null) {
      toClient.forward(reader.buffer, reader.start, reader.end);
      return;
    }
    const masked = this.#masker.push(reader.buffer.subarray(reader.start + HEADER_BYTES, reader.end));
    if (masked.length > 0) toClient.send(encodeCopyData(masked));
  }

  end(): void {
    this.#open = false;
    if (this.#pause.dropping) this.#masker = null;
    if (this.#masker === null) return;
    const rest = this.#masker.end();
    this.#masker = null;
    if (rest.length > 0) this.#session.parts.toClient.send(encodeCopyData(rest));
  }

  /** The server gave up half-way; what is not yet masked is dropped. */
  abort(): void {
    this.#open = false;
    this.#masker = null;
  }
}

function planOf(head: Reply): CopyPlan | null {
  if (head.kind === 'query') return head.copies[head.index] ?? null;
  return head.kind === 'execute' ? head.portal.copy : null;
}
