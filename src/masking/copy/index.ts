import type { CopyOptions } from '../../sql/statement.ts';
import { COPY_ROW_BYTES } from '../limits.ts';
import type { RowPlan } from '../plan.ts';
import { CopyBinaryRows } from './binary.ts';
import { CopyCsvRows } from './csv.ts';
import { CopyMasker, malformed } from './masker.ts';
import type { MaskedCopy, RowScanner } from './masker.ts';
import { CopyTextRows } from './text.ts';

export type { CopyMasker } from './masker.ts';

/**
 * The masker for a COPY TO STDOUT. `plan` must have been made for the COPY's own format (0 for text and CSV,
 * 1 for binary); `columnNames` are the names of its fields, in order; `key`: 32 bytes for the hashes;
 * `maxRowBytes` below 2^30.
 * Throws `masking-failed` where options or plan can't be those of this COPY.
 */
export function copyMasker(
  options: CopyOptions,
  plan: RowPlan,
  columnNames: readonly string[],
  key: Uint8Array,
  maxRowBytes: number = COPY_ROW_BYTES,
): CopyMasker {
  const format = options.format === 'binary' ? 1 : 0;
  if (plan.fields.some((field) => field.format !== format)) malformed('its plan was made for another format');
  if (columnNames.length !== plan.fields.length) malformed('its plan has another number of columns');
  if (!isUtf8(options.encoding ?? null)) malformed('its ENCODING is not UTF8');
  const scanner = scannerFor({ options, plan, columnNames, key, maxRowBytes });
  return new CopyMasker(scanner, maxRowBytes);
}

function scannerFor(copy: MaskedCopy): RowScanner {
  switch (copy.options.format) {
    case 'text':
      return new CopyTextRows(copy);
    case 'csv':
      return new CopyCsvRows(copy);
    case 'binary':
      return new CopyBinaryRows(copy);
  }
}

/** In SJIS, GBK and others a character may contain a backslash or delimiter byte, which moves fields. */
function isUtf8(encoding: string | null): boolean {
  return encoding === null || /^utf[-_ ]?8$|^unicode$/i.test(encoding);
}
