/** An error from the upstream, on its way to the client: as it is, stripped, or in place of it why rows were stopped. */
import type { MaskScope } from '../policy/judgement.ts';
import type { FrameReader } from '../wire/frame-reader.ts';
import { dropWithheld } from './extended.ts';
import { refusalMessage } from './messages.ts';
import type { Reply } from './replies.ts';
import type { Reports } from './reports.ts';
import type { RowPause } from './row-pause.ts';
import type { SessionState } from './state.ts';

export class UpstreamErrors {
  readonly #session: SessionState;
  readonly #reader: FrameReader;
  readonly #pause: RowPause;
  readonly #reports: Reports;

  constructor(session: SessionState, reader: FrameReader, pause: RowPause, reports: Reports) {
    this.#session = session;
    this.#reader = reader;
    this.#pause = pause;
    this.#reports = reports;
  }

  /** @param scope how far what it may tell reaches */
  report(scope: MaskScope): void {
    const { buffer, start, end } = this.#reader;
    const instead = this.#pause.error();
    if (instead === null) this.#reports.error(buffer, start, end, scope);
    else if (instead !== 'muted') this.#session.parts.toClient.send(refusalMessage(instead));
  }

  /** In the extended protocol: what was sent up to the next Sync is not answered. */
  pipelineFailed(head: Reply, scope: MaskScope): void {
    const { buffer, start, end } = this.#reader;
    const session = this.#session;
    const own = 'swallow' in head && head.swallow;
    session.widenTransaction(scope);
    const found = session.replies.failToSync();
    const next = session.replies.head;
    if (!found) {
      session.skipping = true;
      dropWithheld(session);
    }
    // A description Postern asked for on the side failed; the statement itself will say why.
    if (own && next?.kind === 'sync' && next.swallow) {
      if (head.kind === 'parse') head.failed?.(Buffer.from(buffer.subarray(start, end)));
      return;
    }
    this.report(scope);
  }
}
