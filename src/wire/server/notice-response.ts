/** NoticeResponse (`N`): the fields of `report.ts`. Source: PostgreSQL docs, "Message Formats". */

import { BodyReader } from '../body-reader.ts';
import { readReport, writeReport, type ReportFields } from './report.ts';
import { SERVER_TYPE } from './types.ts';

/** @throws PosternError `protocol-violation` */
export function decodeNoticeResponse(buffer: Buffer, start: number, end: number): ReportFields {
  return readReport(new BodyReader('NoticeResponse', SERVER_TYPE.noticeResponse, buffer, start, end));
}

/** @throws PosternError `protocol-violation` for a key that is no field code */
export function encodeNoticeResponse(fields: ReportFields): Buffer {
  return writeReport(SERVER_TYPE.noticeResponse, fields);
}
