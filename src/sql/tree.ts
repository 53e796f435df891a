/** Types for the parser's JSON, and the few helpers that take names out of it. */
import type { Node } from 'libpg-query';

type KeysOf<T> = T extends T ? keyof T : never;

/** A node's tag, such as `SelectStmt`. */
export type Tag = KeysOf<Node>;
export type BodyOf<K extends Tag> = Extract<Node, Record<K, unknown>>[K];
export type Body = Readonly<Record<string, unknown>>;
export type { Node };

/** The body of a node if it has this tag. */
export function as<K extends Tag>(tag: K, node: Node | undefined | null): BodyOf<K> | undefined {
  if (node === undefined || node === null) return undefined;
  return (node as Record<string, unknown>)[tag] as BodyOf<K> | undefined;
}

/** The tag of a wrapped node; null for the empty node that stands for NULL in lists. */
export function tagOf(node: Node | undefined | null): string | null {
  for (const tag in node) return tag;
  return null;
}

/** The text of a `String` node. */
export function stringOf(node: Node | undefined | null): string | null {
  const body = as('String', node);
  return body === undefined ? null : (body.sval ?? '');
}

/** The parts of a qualified name. Parts that are no strings (`*`) are left out. */
export function namesOf(list: readonly Node[] | undefined): string[] {
  const names: string[] = [];
  for (const item of list ?? []) {
    const name = stringOf(item);
    if (name !== null) names.push(name);
  }
  return names;
}

/** A qualified name given as a `List` of strings or a single string. */
export function nameOfObject(node: Node | undefined | null): string[] {
  const list = as('List', node);
  if (list !== undefined) return namesOf(list.items);
  const single = stringOf(node);
  return single === null ? [] : [single];
}

/** The text of a constant as a setting would take it; null if the node is no constant or SQL NULL. */
export function constantText(node: Node | undefined): string | null {
  const cast = as('TypeCast', node);
  if (cast !== undefined) return constantText(cast.arg);
  const constant = as('A_Const', node);
  if (constant === undefined || constant.isnull === true) return null;
  if (constant.sval !== undefined) return constant.sval.sval ?? '';
  if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant.fval !== undefined) return constant.fval.fval ?? '';
  if (constant.boolval !== undefined) return constant.boolval.boolval === true ? 'on' : 'off';
  return constant.bsval?.bsval ?? '';
}

/** The value of an option as text: what `WITH (name value)` was given; `true` where it has none. */
export function optionText(node: Node | undefined): string | null {
  if (node === undefined) return 'true';
  const text = stringOf(node);
  if (text !== null) return text;
  const flag = as('Boolean', node);
  if (flag !== undefined) return flag.boolval === true ? 'true' : 'false';
  const int = as('Integer', node);
  if (int !== undefined) return String(int.ival ?? 0);
  const float = as('Float', node);
  if (float !== undefined) return float.fval ?? '';
  const type = as('TypeName', node);
  if (type !== undefined) return namesOf(type.names).at(-1) ?? null;
  return constantText(node);
}

/** Whether an option's value means on, as `defGetBoolean` reads it; what is not clearly off is on. */
export function optionIsOn(node: Node | undefined): boolean {
  const text = optionText(node)?.toLowerCase();
  return text !== 'false' && text !== 'off' && text !== '0';
}
