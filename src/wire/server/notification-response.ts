/**
 * NotificationResponse (`A`): Int32 pid, String channel, String payload. Source: PostgreSQL docs, "Message
 * Formats".
 */

import { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { SERVER_TYPE } from './types.ts';

export type NotificationResponse = {
  readonly pid: number;
  readonly channel: string;
  readonly payload: string;
};

/** @throws PosternError `protocol-violation` */
export function decodeNotificationResponse(buffer: Buffer, start: number, end: number): NotificationResponse {
  const body = new BodyReader('NotificationResponse', SERVER_TYPE.notificationResponse, buffer, start, end);
  const pid = body.int32();
  const channel = body.lossyString();
  const payload = body.lossyString();
  body.finish();
  return { pid, channel, payload };
}

/** @throws PosternError `protocol-violation` for a NUL in either string */
export function encodeNotificationResponse(message: NotificationResponse): Buffer {
  const { pid, channel, payload } = message;
  return new BodyWriter().int32(pid).string(channel).string(payload).frame(SERVER_TYPE.notificationResponse);
}
