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

/**
 * @returns the columns in `format`; null when the server would not describe the query
 */
export async function describeQuery(
  session: SessionState,
  text: string,
  format: 0 | 1,
  protocol: 'simple' | 'extended',
): Promise<readonly CopyColumn[] | null> {
  const { gate, toUpstream } = session.parts;
  const { replies } = session;
  const answer: { frame: Buffer | null } = { frame: null };
  for (const message of [
    encodeParse({ name: NAME, sql: text, parameterTypes: [] }),
    encodeDescribe({ what: 'S', name: NAME }),
    encodeClose({ what: 'S', name: NAME }),
    protocol === 'simple' ? encodeSync() : encodeFlush(),
  ]) {
    toUpstream.send(gate.passage(), message);
  }
  replies.push({ kind: 'parse', scope: 'opaque', undo: null, swallow: true });
  replies.push({
    kind: 'describe', scope: 'opaque', portal: null, prepared: null, swallow: true,
    witness: (frame) => {
      answer.frame = frame;
    },
  });
  replies.push({ kind: 'close', swallow: true, undo: null });
  if (protocol === 'simple') {
    replies.push({ kind: 'sync', swallow: true, ignoredIfCopyIn: null, epoch: session.batch });
  }
  toUpstream.flush();
  await replies.drained();
  return answer.frame === null ? null : columnsOf(answer.frame, format);
}

function columnsOf(frame: Buffer, format: 0 | 1): readonly CopyColumn[] {
  return fieldsOf(frame, 0, frame.length).map((field) => ({ ...field, format }));
}
