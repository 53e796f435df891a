/**
 * Which outputs of the statement that `head` answers are vouched for by its lineage. A text that names
 * prepared statements or cursors is not what returns the rows, so nothing is vouched for; nor is anything
 * under other rules or another catalog than the rows are masked by.
 */
import type { Judged } from '../gate/judge.ts';
import type { Vouched } from '../policy/vouch.ts';
import type { Reply } from './replies.ts';
import type { SessionState } from './state.ts';

export function vouchedFor(session: SessionState, head: Reply): Vouched {
  switch (head.kind) {
    case 'query':
      return head.scope === null ? current(session, head.judged, head.index) : null;
    case 'describe': {
      if (head.prepared === null) return null;
      const judged = session.judge(head.prepared.text);
      return judged.statements.length === 1 ? current(session, judged, 0) : null;
    }
    case 'parse':
    case 'bind':
    case 'execute':
    case 'close':
    case 'sync':
    case 'abort':
      return null;
  }
}

function current(session: SessionState, judged: Judged, index: number): Vouched {
  if (judged.refersToNames || judged.masks !== session.parts.gate.judge.masks) return null;
  return judged.vouched[index] ?? null;
}
