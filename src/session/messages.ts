/** The messages a session writes itself: refusals, notices of a hold, readiness. */
import type { Request } from '../approvals/request.ts';
import { whyHeld } from '../approvals/why-held.ts';
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
  const { id } = request;
  const seconds = Math.round((request.waitMs || request.expiresMs) / 1000);
  return encodeNoticeResponse(
    reportFields({
      severity: 'NOTICE',
      sqlstate: '00000',
      ...(request.rowsSoFar === undefined ? held(request, seconds) : paused(id, request.rowsSoFar, seconds)),
      hint: `An approver answers with: postern approve ${id} --reason "...". Cancel (Ctrl-C) withdraws it.`,
    }),
  );
}

type Words = { readonly message: string; readonly detail: string };

function held(request: Request, seconds: number): Words {
  const what = [...new Set(request.actions.map((a) => a.command))].join(', ');
  const shown = request.unmask.length === 0 ? '' : `; to show ${request.unmask.join(', ')} unmasked`;
  return {
    message: `Postern holds this statement for approval: request ${request.id} (${what}${shown})`,
    detail: `Nothing of it has run. The session waits ${seconds} seconds. It is held by ${whyHeld(request)}.`,
  };
}

function paused(id: string, rows: number, seconds: number): Words {
  return {
    message: `Postern has paused this result after ${rows} rows: request ${id} waits for approval of the rest`,
    detail: `Nothing more of it is read from the database. The session waits ${seconds} seconds.`,
  };
}
