/**
 * What lineage says of the outputs of the statement that `head` answers. Nothing is taken from it where a
 * text names prepared statements or cursors whose meaning is not one text, behind uncommitted DDL, or under
 * other rules or another catalog than the rows are masked by.
 */
import type { Judged } from '../gate/judge.ts';
import type { OutputShows } from '../policy/outputs.ts';
import type { Reply } from './replies.ts';
import { shownTo } from './showing.ts';
import { doubted } from './sight.ts';
import type { SessionState } from './state.ts';

export function showsFor(session: SessionState, head: Reply): OutputShows {
  if (doubted(session, head)) return null;
  // What is shown is masked by its own reading, so there is no other to mix it up with.
  const shown = shownTo(head);
  if (shown !== null) return shown.judgement.statements[0]?.outputs ?? null;
  switch (head.kind) {
    case 'query':
      if (head.judged.masks !== session.parts.gate.judge.masks) return null;
      return head.scope === null ? current(session, head.judged, head.index) : head.shows;
    case 'describe':
      return head.prepared === null ? null : ofText(session, head.prepared.text);
    case 'execute':
      return ofText(session, head.portal.prepared.text);
    case 'parse':
    case 'bind':
    case 'close':
    case 'sync':
    case 'abort':
      return null;
  }
}

function ofText(session: SessionState, text: string): OutputShows {
  const judged = session.judge(text);
  return judged.statements.length === 1 ? current(session, judged, 0) : null;
}

function current(session: SessionState, judged: Judged, index: number): OutputShows {
  if (judged.refersToNames || judged.masks !== session.parts.gate.judge.masks) return null;
  return judged.judgement.statements[index]?.outputs ?? null;
}
