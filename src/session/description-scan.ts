/**
 * The server's own witness: reads a RowDescription for columns that may have to be masked. Most results
 * have none, so the question is answered without allocating anything; only then is a plan made (`planner.ts`).
 */
import type { KnowsColumn, MaskableField } from '../masking/plan.ts';
import type { MaskScope } from '../policy/judgement.ts';
import type { MaskSet } from '../policy/mask-set.ts';
import { decodeRowDescription, RowDescriptionScanner } from '../wire/server/row-description.ts';

export class DescriptionScan {
  readonly #scanner = new RowDescriptionScanner();

  /** Whether any field could need a mask: `planRow` has the last word. @throws PosternError `protocol-violation` */
  mayMask(
    buffer: Buffer,
    start: number,
    end: number,
    masks: MaskSet,
    scope: MaskScope,
    knows: KnowsColumn,
  ): boolean {
    const scanner = this.#scanner;
    scanner.open(buffer, start, end);
    let found = false;
    while (scanner.next()) {
      const { tableOid, attnum } = scanner;
      if (tableOid === 0) found ||= scope !== 'clean';
      else if (masks.columns.has(tableOid)) found = true;
      else if (masks.any) found ||= !knows(tableOid, attnum);
    }
    return found;
  }
}

/** A RowDescription's fields as a plan needs them. */
export function fieldsOf(
  buffer: Buffer,
  start: number,
  end: number,
): readonly (MaskableField & { readonly name: string })[] {
  return decodeRowDescription(buffer, start, end).map((field) => ({
    ...field,
    format: field.format === 1 ? 1 : 0,
  }));
}
