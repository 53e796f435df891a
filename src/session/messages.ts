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
  const seconds = Math.round((Date.parse(request.expiresAt) - Date.parse(request.createdAt)) / 1000);
  return encodeNoticeResponse(
    reportFields({
      severity: 'NOTICE',
      sqlstate: '00000',
      message: `Postern holds this statement for approval: request ${request.id} (${what})`,
      detail: `Nothing of it has been sent to the database. The request waits ${seconds} seconds.`,
      hint: `An approver answers with: postern approve ${request.id} --reason "...". Cancel (Ctrl-C) withdraws it.`,
    }),
  );
}
