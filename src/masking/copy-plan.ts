import type { CatalogRelation } from '../catalog/snapshot.ts';
import type { CopyOptions } from '../sql/statement.ts';
import type { MaskableField } from './plan.ts';

export type CopyFields = { readonly fields: readonly MaskableField[]; readonly names: readonly string[] };

/**
 * The fields that `COPY relation [(columns)] TO` sends: the listed columns in their order, or every column
 * that is not generated in attribute order. Null where a listed column is unknown: the catalog and the
 * statement do not speak of the same table, so the caller must not let it run unmasked.
 */
export function copyFields(
  relation: CatalogRelation,
  columns: readonly string[] | null,
  format: CopyOptions['format'],
): CopyFields | null {
  const sent =
    columns === null
      ? relation.columns.filter((column) => column.generatedFrom === null)
      : columns.map((name) => relation.columns.find((column) => column.name === name));
  const fields: MaskableField[] = [];
  const names: string[] = [];
  for (const column of sent) {
    if (column === undefined) return null;
    fields.push({
      tableOid: relation.oid,
      attnum: column.attnum,
      typeOid: column.typeOid,
      format: format === 'binary' ? 1 : 0,
    });
    names.push(column.name);
  }
  return { fields, names };
}
