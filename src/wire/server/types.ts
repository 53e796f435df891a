/**
 * The messages a server may send: type byte → name and the largest length field. What is not here is unknown
 * and ends the session. Source: PostgreSQL docs, "Message Formats". Left out on purpose: CopyBothResponse
 * (`W`), which only replication brings, and FunctionCallResponse (`V`), whose question is never let through.
 */

import {
  MAX_COPY_RESPONSE,
  MAX_PARAMETER_DESCRIPTION,
  MAX_REPORT_MESSAGE,
  MAX_ROW_DESCRIPTION,
  MAX_SERVER_MESSAGE,
  MAX_SMALL_SERVER_MESSAGE,
} from '../limits.ts';

export const SERVER_TYPE = {
  authentication: 0x52, // R
  backendKeyData: 0x4b, // K
  bindComplete: 0x32, // 2
  closeComplete: 0x33, // 3
  commandComplete: 0x43, // C
  copyData: 0x64, // d
  copyDone: 0x63, // c
  copyInResponse: 0x47, // G
  copyOutResponse: 0x48, // H
  dataRow: 0x44, // D
  emptyQueryResponse: 0x49, // I
  errorResponse: 0x45, // E
  negotiateProtocolVersion: 0x76, // v
  noData: 0x6e, // n
  noticeResponse: 0x4e, // N
  notificationResponse: 0x41, // A
  parameterDescription: 0x74, // t
  parameterStatus: 0x53, // S
  parseComplete: 0x31, // 1
  portalSuspended: 0x73, // s
  readyForQuery: 0x5a, // Z
  rowDescription: 0x54, // T
} as const;

export type ServerMessageName =
  | 'Authentication'
  | 'BackendKeyData'
  | 'BindComplete'
  | 'CloseComplete'
  | 'CommandComplete'
  | 'CopyData'
  | 'CopyDone'
  | 'CopyInResponse'
  | 'CopyOutResponse'
  | 'DataRow'
  | 'EmptyQueryResponse'
  | 'ErrorResponse'
  | 'NegotiateProtocolVersion'
  | 'NoData'
  | 'NoticeResponse'
  | 'NotificationResponse'
  | 'ParameterDescription'
  | 'ParameterStatus'
  | 'ParseComplete'
  | 'PortalSuspended'
  | 'ReadyForQuery'
  | 'RowDescription';

export type ServerMessageInfo = { readonly name: ServerMessageName; readonly maxLength: number };

export const SERVER_MESSAGES: ReadonlyMap<number, ServerMessageInfo> = new Map<number, ServerMessageInfo>([
  [SERVER_TYPE.authentication, { name: 'Authentication', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.backendKeyData, { name: 'BackendKeyData', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.bindComplete, { name: 'BindComplete', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.closeComplete, { name: 'CloseComplete', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.commandComplete, { name: 'CommandComplete', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.copyData, { name: 'CopyData', maxLength: MAX_SERVER_MESSAGE }],
  [SERVER_TYPE.copyDone, { name: 'CopyDone', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.copyInResponse, { name: 'CopyInResponse', maxLength: MAX_COPY_RESPONSE }],
  [SERVER_TYPE.copyOutResponse, { name: 'CopyOutResponse', maxLength: MAX_COPY_RESPONSE }],
  [SERVER_TYPE.dataRow, { name: 'DataRow', maxLength: MAX_SERVER_MESSAGE }],
  [SERVER_TYPE.emptyQueryResponse, { name: 'EmptyQueryResponse', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.errorResponse, { name: 'ErrorResponse', maxLength: MAX_REPORT_MESSAGE }],
  [
    SERVER_TYPE.negotiateProtocolVersion,
    { name: 'NegotiateProtocolVersion', maxLength: MAX_SMALL_SERVER_MESSAGE },
  ],
  [SERVER_TYPE.noData, { name: 'NoData', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.noticeResponse, { name: 'NoticeResponse', maxLength: MAX_REPORT_MESSAGE }],
  [SERVER_TYPE.notificationResponse, { name: 'NotificationResponse', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.parameterDescription, { name: 'ParameterDescription', maxLength: MAX_PARAMETER_DESCRIPTION }],
  [SERVER_TYPE.parameterStatus, { name: 'ParameterStatus', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.parseComplete, { name: 'ParseComplete', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.portalSuspended, { name: 'PortalSuspended', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.readyForQuery, { name: 'ReadyForQuery', maxLength: MAX_SMALL_SERVER_MESSAGE }],
  [SERVER_TYPE.rowDescription, { name: 'RowDescription', maxLength: MAX_ROW_DESCRIPTION }],
]);

const LENGTHS = new Uint32Array(256);
for (const [type, { maxLength }] of SERVER_MESSAGES) LENGTHS[type] = maxLength;

/** For FrameReader. */
export function serverMaxLength(type: number): number {
  return LENGTHS[type] ?? 0;
}
