/**
 * The body that ErrorResponse and NoticeResponse share: (Byte1 field code, String value)*, then a zero byte.
 * Source: PostgreSQL docs, "Error and Notice Message Fields".
 */

import type { BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { violation } from '../violation.ts';

/**
 * Field code → value, in the order sent: `S` severity, `V` severity not translated, `C` SQLSTATE, `M`
 * message, `D` detail, `H` hint, `P` position, `p` internal position, `q` internal query, `W` where, `s`
 * schema, `t` table, `c` column, `d` data type, `n` constraint, `F` file, `L` line, `R` routine.
 */
export type ReportFields = ReadonlyMap<string, string>;

export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

/** The fields of a report that Postern writes itself. Empty detail and hint are left out. */
export function reportFields(report: {
  readonly severity: Severity;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}): ReportFields {
  const fields = new Map([
    ['S', report.severity],
    ['V', report.severity],
    ['C', report.sqlstate],
    ['M', report.message],
  ]);
  if (report.detail !== undefined && report.detail !== '') fields.set('D', report.detail);
  if (report.hint !== undefined && report.hint !== '') fields.set('H', report.hint);
  return fields;
}

/** @throws PosternError `protocol-violation`, also for a code sent twice */
export function readReport(body: BodyReader): ReportFields {
  const fields = new Map<string, string>();
  for (;;) {
    const code = body.uint8();
    if (code === 0) break;
    const key = String.fromCharCode(code);
    if (fields.has(key)) throw violation('a report has a field twice');
    fields.set(key, body.lossyString());
  }
  body.finish();
  return fields;
}

/**
 * A NUL in a value becomes U+FFFD: reasons come from people, and a refusal must reach the client all the
 * same.
 */
export function writeReport(type: number, fields: ReportFields): Buffer {
  const writer = new BodyWriter();
  for (const [key, value] of fields) {
    const code = key.charCodeAt(0);
    if (key.length !== 1 || code === 0 || code > 0x7f)
      throw violation('a report field code is one ASCII character');
    writer.uint8(code).string(value.replaceAll('\0', '\u{FFFD}'));
  }
  return writer.uint8(0).frame(type);
}
