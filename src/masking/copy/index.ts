import type { CopyOptions } from '../../sql/statement.ts';
import { COPY_ROW_BYTES } from '../limits.ts';
import type { RowPlan } from '../plan.ts';
import { CopyBinaryMasker } from './binary.ts';
import { CopyCsvMasker } from './csv.ts';
import { malformed } from './masker.ts';
import type { CopyMasker } from './masker.ts';
import { CopyTextMasker } from './text.ts';

export type { CopyMasker } from './masker.ts';

/**
 * The masker for a COPY TO STDOUT. `plan` must have been made for the COPY's own format (0 for text and CSV,
 * 1 for binary); `columnNames` are the names of its fields, in order; `key`: 32 bytes for the hashes.
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
  switch (options.format) {
    case 'text':
      return new CopyTextMasker(options, plan, columnNames, key, maxRowBytes);
    case 'csv':
      return new CopyCsvMasker(options, plan, columnNames, key, maxRowBytes);
    case 'binary':
      return new CopyBinaryMasker(plan, key, maxRowBytes);
  }
}

/** In SJIS, GBK and others a character may contain a backslash or delimiter byte, which moves fields. */
function isUtf8(encoding: string | null): boolean {
  return encoding === null || /^utf[-_ ]?8$|^unicode$/i.test(encoding);
}
