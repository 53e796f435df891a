/**
 * Asks the upstream, inside the agent's own session, which columns a query would return, without running
 * it: Parse, Describe and Close under a name of Postern's own. The answers are swallowed.
 */
import { encodeClose } from '../wire/client/close.ts';
import { encodeDescribe } from '../wire/client/describe.ts';
import { encodeFlush, encodeSync } from '../wire/client/bare.ts';
import { encodeParse } from '../wire/client/parse.ts';
import { fieldsOf } from './description-scan.ts';
import type { CopyColumn } from './copy-plan.ts';
import type { SessionState } from './state.ts';

const NAME = 'postern copy';

/** The server refused the query when it was asked what it would return, and its transaction has failed with it. */
export class RefusedByServer extends Error {
  /** The ErrorResponse, as it came. */
  readonly frame: Buffer;

  constructor(frame: Buffer) {
    super('the database refused a query');
    this.frame = frame;
  }
}

/**
 * @returns the columns in `format`; null when the server would not describe the query
 * @throws RefusedByServer where that has failed an open transaction, so that nothing else may be sent in it
 */
export async function describeQuery(
  session: SessionState,
  text: string,
  format: 0 | 1,
  protocol: 'simple' | 'extended',
): Promise<readonly CopyColumn[] | null> {
  const { gate, toUpstream } = session.parts;
  const { replies, dirty } = session;
  const { scope } = session.judge(text);
  const answer: { frame: Buffer | null; error: Buffer | null } = { frame: null, error: null };
  for (const message of [
    encodeParse({ name: NAME, sql: text, parameterTypes: [] }),
    encodeDescribe({ what: 'S', name: NAME }),
    encodeClose({ what: 'S', name: NAME }),
    protocol === 'simple' ? encodeSync() : encodeFlush(),
  ]) {
    toUpstream.send(gate.passage(), message);
  }
  const failed = (error: Buffer): void => {
    answer.error = error;
  };
  const witness = (frame: Buffer | null): void => {
    answer.frame = frame;
  };
  replies.push({ kind: 'parse', scope, prepared: null, undo: null, swallow: true, failed }, dirty);
  replies.push({ kind: 'describe', scope, portal: null, prepared: null, swallow: true, witness }, dirty);
  replies.push({ kind: 'close', swallow: true, undo: null }, dirty);
  if (protocol === 'simple') {
    replies.push({ kind: 'sync', swallow: true, ignoredIfCopyIn: null, epoch: session.batch }, dirty);
  }
  toUpstream.flush();
  await replies.drained();
  if (answer.error !== null && session.transaction === 'E') throw new RefusedByServer(answer.error);
  return answer.frame === null ? null : columnsOf(answer.frame, format);
}

function columnsOf(frame: Buffer, format: 0 | 1): readonly CopyColumn[] {
  return fieldsOf(frame, 0, frame.length).map((field) => ({ ...field, format }));
}
