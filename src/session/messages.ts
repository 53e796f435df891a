/** The messages a session writes itself: refusals, notices of a hold, readiness. */
import type { Request } from '../approvals/request.ts';
import type { PosternError } from '../errors.ts';
import { encodeErrorResponse } from '../wire/server/error-response.ts';
import { encodeNoticeResponse } from '../wire/server/notice-response.ts';
import { reportFields } from '../wire/server/report.ts';

/** An ErrorResponse for a refusal; the session goes on after it unless it is FATAL. */
export function refusalMessage(error: PosternError, severity: 'ERROR' | 'FATAL' = 'ERROR'): Buffer {
  const { sqlstate, message, hint, position } = error;
  const fields = new Map(reportFields({ severity, sqlstate, message, hint }));
  if (position !== null) fields.set('P', String(position));
  return encodeErrorResponse(fields);
}

/** Tells the client at once that its statement waits, for what, and how to follow it. */
export function holdNotice(request: Request): Buffer {
  const what = [...new Set(request.actions.map((a) => a.command))].join(', ');
  const seconds = Math.round((request.waitMs || request.expiresMs) / 1000);
  const shown = request.unmask.length === 0 ? '' : `; to show ${request.unmask.join(', ')} unmasked`;
  return encodeNoticeResponse(
    reportFields({
      severity: 'NOTICE',
      sqlstate: '00000',
      message: `Postern holds this statement for approval: request ${request.id} (${what}${shown})`,
      detail: `Nothing of it has run. The session waits ${seconds} seconds.`,
      hint: `An approver answers with: postern approve ${request.id} --reason "...". Cancel (Ctrl-C) withdraws it.`,
    }),
  );
}
