/** What happened to a request, as channels tell it. */
import type { Request } from '../approvals/request.ts';

export type ChangeKind =
  | 'request_created'
  | 'request_escalated'
  | 'request_decided'
  | 'request_expired'
  | 'request_withdrawn'
  | 'grant_spent'
  | 'grant_lapsed';

/** The step that led to the request as it is now. */
export function changeOf(request: Request): ChangeKind {
  switch (request.state) {
    case 'pending':
      if (escalatedLast(request)) return 'request_escalated';
      return request.decisions.length === 0 ? 'request_created' : 'request_decided';
    case 'approved':
    case 'denied':
      return 'request_decided';
    case 'expired':
      return 'request_expired';
    case 'withdrawn':
      return 'request_withdrawn';
    case 'spent':
      return 'grant_spent';
    case 'lapsed':
      return 'grant_lapsed';
  }
}

function escalatedLast({ escalatedAt, decisions }: Request): boolean {
  return typeof escalatedAt === 'string' && decisions.every(({ time }) => time <= escalatedAt);
}

/** The same for the same step, from whichever Postern and however often it is sent. */
export function changeId(request: Request, kind: ChangeKind): string {
  const count = kind === 'request_decided' ? `.${request.decisions.length}` : '';
  return `${request.id}.${kind}${count}`;
}
