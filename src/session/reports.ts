/**
 * What the server says beside results: errors, notices, notifications, changed settings. Each may carry text
 * that a masked value was put into, so each passes as it is only where none was in reach (I3).
 */
import { widest } from '../gate/judge.ts';
import { PosternError } from '../errors.ts';
import { passesParameterStatus, stripError, stripNotice } from '../masking/messages.ts';
import type { MaskScope } from '../policy/judgement.ts';
import { decodeErrorResponse, encodeErrorResponse } from '../wire/server/error-response.ts';
import { decodeNoticeResponse, encodeNoticeResponse } from '../wire/server/notice-response.ts';
import {
  decodeNotificationResponse,
  encodeNotificationResponse,
} from '../wire/server/notification-response.ts';
import { decodeParameterStatus } from '../wire/server/parameter-status.ts';
import { PINNED } from './settings.ts';
import { scopeOf } from './sight.ts';
import type { SessionState } from './state.ts';

/** Behind the type byte and the length. */
const NOTIFICATION_PID_AT = 5;

export class Reports {
  readonly #session: SessionState;

  constructor(session: SessionState) {
    this.#session = session;
  }

  error(buffer: Buffer, start: number, end: number, scope: MaskScope): void {
    const { toClient } = this.#session.parts;
    const fields = decodeErrorResponse(buffer, start, end);
    if (fields.get('V') !== 'ERROR') this.#session.upstreamSaidWhy = true;
    if (scope === 'clean') return toClient.forward(buffer, start, end);
    toClient.send(encodeErrorResponse(stripError(fields, scope)));
  }

  notice(buffer: Buffer, start: number, end: number): void {
    const { toClient } = this.#session.parts;
    const scope = this.#reach();
    if (scope === 'clean') return toClient.forward(buffer, start, end);
    const stripped = stripNotice(decodeNoticeResponse(buffer, start, end), scope);
    if (stripped !== null) toClient.send(encodeNoticeResponse(stripped));
  }

  /**
   * A payload is any text that any session chose, a trigger with a whole row at hand for instance. Where
   * something is masked, only what this session itself sent passes, if no masked value was in its reach.
   */
  notification(buffer: Buffer, start: number, end: number): void {
    const { parts } = this.#session;
    let notification = decodeNotificationResponse(buffer, start, end);
    const mine = notification.pid === parts.upstreamPid;
    if (mine && this.#session.clientPid !== 0) {
      // Drivers tell their own notifications by the pid that BackendKeyData gave them, which is Postern's.
      notification = { ...notification, pid: this.#session.clientPid };
      buffer.writeInt32BE(notification.pid, start + NOTIFICATION_PID_AT);
    }
    const own = mine && this.#reach() === 'clean';
    if (own || !parts.gate.judge.masks.any || notification.payload === '') {
      return parts.toClient.forward(buffer, start, end);
    }
    parts.toClient.send(encodeNotificationResponse({ ...notification, payload: '' }));
  }

  /** @throws PosternError `setting-pinned`: the session must end, for it would be judged wrongly */
  parameterStatus(buffer: Buffer, start: number, end: number): void {
    const { name, value } = decodeParameterStatus(buffer, start, end);
    const pinned = PINNED.get(name);
    if (pinned !== undefined && pinned !== value) throw new PosternError('setting-pinned', { name });
    // Changed settings are told of behind the statements, so any that ran may have put text into them.
    if (passesParameterStatus(name, this.#reach())) this.#session.parts.toClient.forward(buffer, start, end);
  }

  /** What a message that is no row may have been made from: all that ran since the session was last idle. */
  #reach(): MaskScope {
    const { replies, transactionScope } = this.#session;
    return replies.head === null
      ? transactionScope
      : widest(scopeOf(this.#session, replies.head), transactionScope);
  }
}
