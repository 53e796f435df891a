/** VALUES and UNION, INTERSECT, EXCEPT: several rows of values that come out in one place. */
import { as, type BodyOf } from '../tree.ts';
import { relate } from './conditions.ts';
import { lose, type Context, type Scope } from './context.ts';
import { expressionList } from './target-list.ts';
import { CLEAN, either, type Field, type Value } from './values.ts';
import { beginRecursion } from './with.ts';

type Select = BodyOf<'SelectStmt'>;

/** Position by position over all rows; the names are `column1` and so on. */
export function valuesLists(context: Context, body: Select, scope: Scope): readonly Field[] {
  const rows = (body.valuesLists ?? []).map((node) =>
    expressionList(context, as('List', node)?.items, scope),
  );
  const width = rows[0]?.length ?? 0;
  if (rows.some((row) => row.length !== width)) lose('the rows of VALUES differ in length');
  const fields: Field[] = [];
  for (let index = 0; index < width; index++) {
    const tainted = rows.map((row) => row[index] as Value).filter((value) => value.kind !== 'clean');
    const value = tainted.length === rows.length ? either(tainted) : either([CLEAN, ...tainted]);
    fields.push({ name: `column${index + 1}`, value });
  }
  return fields;
}

export function setOperation(
  context: Context,
  body: Select,
  arm: (body: Select | undefined) => readonly Field[],
): readonly Field[] {
  const left = arm(body.larg);
  beginRecursion(context, body, left);
  const right = arm(body.rarg);
  if (left.length !== right.length) lose('the arms of a set operation differ in length');
  const compares = body.op !== 'SETOP_UNION' || body.all !== true;
  return left.map((field, index) => {
    const other = right[index]?.value ?? CLEAN;
    if (compares) {
      context.influences.of(field.value, 'group');
      context.influences.of(other, 'group');
      // whether a guess in one arm is among the rows of the other can be seen
      relate(context, field.value, other, true);
    }
    return { name: field.name, value: either([field.value, other]) };
  });
}
