/** COPY … TO STDOUT on its way to the client: passed by reference, or masked as rows would be. */
import { PosternError } from '../errors.ts';
import { copyMasker, type CopyMasker } from '../masking/copy/index.ts';
import { knowsFrom, planRow } from '../masking/plan.ts';
import type { FrameReader } from '../wire/frame-reader.ts';
import { decodeCopyOutResponse } from '../wire/server/copy-response.ts';
import { unknownColumns, type CopyPlan } from './copy-plan.ts';
import { showsFor } from './output-shows.ts';
import type { Metered, Placed } from './metered.ts';
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
  /** The first line names the columns. */
  #header = false;
  #binary = false;

  readonly #rows: RowStream;
  readonly #pause: RowPause;
  readonly #metered: Metered;
  /** The data at hand may not pass yet. */
  #stopped = false;

  constructor(session: SessionState, rows: RowStream, pause: RowPause, metered: Metered) {
    this.#session = session;
    this.#rows = rows;
    this.#pause = pause;
    this.#metered = metered;
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
    const full = planRow(columns, masks, fits ? scope : 'opaque', knows, shows);
    const rows = fits && session.use !== null ? session.use.planOf(full, columns, knows) : full;
    this.#header = plan.options.header;
    this.#binary = format === 1;
    if (rows === null) return;
    const { maskKey, limits } = session.parts;
    const names = columns.map((c) => c.name);
    this.#masker = copyMasker(plan.options, rows, names, maskKey, limits.maxMaskedRowBytes);
  }

  /**
   * What follows in the same chunk is taken along, unless it is counted: then a message counts as a row, whatever the
   * format; so do a header and a binary trailer that come by themselves.
   * @throws PosternError `upstream-protocol` for data that nothing announced
   */
  data(reader: FrameReader): void {
    if (!this.#open) throw unexpected('COPY data');
    if (this.#pause.dropping) return;
    if (reader.first && !this.#rows.standing.holds()) return;
    const { meter } = this.#rows;
    if (meter === null && this.#session.use === null) {
      reader.extendRun();
      return this.#pass(reader);
    }
    if (meter === null || !reader.first || meter.passOne()) return this.#underGrant(reader);
    this.#stopped = true;
    this.#pause.stop(this.#session.replies.head, meter);
  }

  /** Goes on with the data that was stopped, which the reader still shows. */
  again(reader: FrameReader): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.data(reader);
  }

  #underGrant(placed: Placed): void {
    if (this.#session.use === null) this.#pass(placed);
    else this.#metered.copyData(placed, this.#isRow(placed), this.#pass);
  }

  readonly #pass = ({ buffer, start, end }: Placed): void => {
    const { toClient } = this.#session.parts;
    const masker = this.#masker;
    // nobody else has this part of the buffer: it came from the socket, and data is passed on once
    const to = masker === null ? end : masker.run(buffer, start, end);
    if (to > start) toClient.forward(buffer, start, to);
    if (masker !== null && masker.rest.length > 0) toClient.send(masker.rest.take());
  };

  /** Whether a frame is a row, and not the line of names or the trailer of binary data. Asked once for each. */
  #isRow({ buffer, start, end }: Placed): boolean {
    if (this.#binary)
      return end - start - HEADER_BYTES !== 2 || buffer.readInt16BE(start + HEADER_BYTES) !== -1;
    if (!this.#header) return true;
    this.#header = false;
    return false;
  }

  end(): void {
    this.#open = false;
    if (this.#pause.dropping) this.#masker = null;
    this.#masker?.end();
    this.#masker = null;
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
