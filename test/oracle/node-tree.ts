/**
 * Reads the text PostgreSQL prints its node trees in (nodeToString, src/backend/nodes/outfuncs.c) into plain
 * objects: `{NODE :field value …}`, lists `( … )`, `(i …)`, `(o …)`, `(b …)`, datums `8 [ 1 0 … ]`, `<>`.
 *
 * Invariant: knows the syntax only, no node by name, so it reads 14 to 18 alike; text it cannot read throws.
 * Non-goals: raw parse trees, and telling a quoted string from an unquoted one.
 */

export type TreeNode = {
  /** In capitals, as printed: `QUERY`, `VAR`, … */
  readonly tag: string;
  readonly fields: Readonly<Record<string, TreeValue>>;
};

/** `<>` is null; scalars stay text; members of integer lists and sets are numbers. */
export type TreeValue = null | string | number | TreeNode | readonly TreeValue[];

/** elog_node_display breaks its text into lines of this many bytes (LINELEN, src/backend/nodes/print.c). */
const LINE_BYTES = 78;

/** @throws Error where the text does not follow the format. */
export function parseNodeTree(printed: string): TreeValue {
  const reader = new Reader(unwrap(printed));
  const value = reader.value();
  if (!reader.atEnd()) throw reader.wrong('end of text');
  return value;
}

/** A line break stands for a space, unless a token filled its whole line and had to be cut. */
function unwrap(printed: string): string {
  let text = '';
  const lines = printed.trimEnd().split('\n');
  for (const [at, line] of lines.entries()) {
    const cut = Buffer.byteLength(line) === LINE_BYTES && line.lastIndexOf(' ') < 1;
    text += at === lines.length - 1 || cut ? line : `${line} `;
  }
  return text;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#at >= this.#text.length;
  }

  wrong(expected: string): Error {
    const near = this.#text.slice(Math.max(0, this.#at - 30), this.#at + 30);
    return new Error(`node tree: expected ${expected} at ${this.#at}, near "${near}"`);
  }

  value(): TreeValue {
    this.#skipSpace();
    const char = this.#text[this.#at];
    if (char === '{') return this.#node();
    if (char === '(') return this.#list();
    return this.#scalar();
  }

  #node(): TreeNode {
    this.#at += 1;
    const tag = this.#token();
    const fields: Record<string, TreeValue> = {};
    for (;;) {
      this.#skipSpace();
      if (this.#text[this.#at] === '}') break;
      if (this.#text[this.#at] !== ':') throw this.wrong('a field');
      this.#at += 1;
      let name = this.#token();
      while (name in fields) name += "'";
      fields[name] = this.#fieldValue();
    }
    this.#at += 1;
    return { tag, fields };
  }

  /** Nearly always one value; a datum is two: its length and its bytes. A name may begin with `:` or `[`. */
  #fieldValue(): TreeValue {
    const first = this.value();
    const values: TreeValue[] = [first];
    for (;;) {
      this.#skipSpace();
      const char = this.#text[this.#at];
      if (char === undefined) throw this.wrong('}');
      if (char === ':' || char === '}') break;
      values.push(char === '[' ? this.#datum() : this.value());
    }
    return values.length === 1 ? first : values;
  }

  #list(): TreeValue[] {
    this.#at += 1;
    const kind = /^[iobx](?=[ )])/.exec(this.#text.slice(this.#at, this.#at + 2))?.[0];
    if (kind !== undefined) this.#at += 1;
    const members: TreeValue[] = [];
    for (;;) {
      this.#skipSpace();
      const char = this.#text[this.#at];
      if (char === undefined) throw this.wrong(')');
      if (char === ')') break;
      if (kind === undefined) members.push(this.value());
      else members.push(this.#integer());
    }
    this.#at += 1;
    return members;
  }

  #datum(): number[] {
    this.#at += 1;
    const bytes: number[] = [];
    for (;;) {
      this.#skipSpace();
      if (this.#text[this.#at] === ']') break;
      bytes.push(this.#integer());
    }
    this.#at += 1;
    return bytes;
  }

  #integer(): number {
    const token = this.#token();
    if (!/^-?\d+$/.test(token)) throw this.wrong('an integer');
    return Number(token);
  }

  #scalar(): string | null {
    const token = this.#token();
    if (token === '<>') return null;
    const quoted = token.length > 1 && token.startsWith('"') && token.endsWith('"');
    return (quoted ? token.slice(1, -1) : token).replaceAll(/\\([\s\S])/g, '$1');
  }

  /** As printed, escapes and all, up to an unescaped delimiter. */
  #token(): string {
    this.#skipSpace();
    const from = this.#at;
    while (this.#at < this.#text.length && !' \n\t(){}'.includes(this.#text[this.#at] ?? '')) {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    }
    if (this.#at === from) throw this.wrong('a token');
    return this.#text.slice(from, this.#at);
  }

  #skipSpace(): void {
    while (' \n\t'.includes(this.#text[this.#at] ?? '.')) this.#at += 1;
  }
}

export function isNode(value: TreeValue | undefined): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The node in a field; null where there is none. */
export function nodeIn(node: TreeNode, field: string): TreeNode | null {
  const value = node.fields[field];
  return isNode(value) ? value : null;
}

/** The nodes listed in a field; none where it is `<>` or missing. */
export function nodesIn(node: TreeNode, field: string): readonly TreeNode[] {
  const value = node.fields[field];
  return Array.isArray(value) ? value.filter((member) => isNode(member)) : [];
}

/** @throws Error where the field is missing or not a number: a version that prints it otherwise must show. */
export function numberIn(node: TreeNode, field: string): number {
  const value = Number(node.fields[field] ?? Number.NaN);
  if (!Number.isInteger(value)) throw new Error(`node tree: ${node.tag} has no number in ${field}`);
  return value;
}

export function textIn(node: TreeNode, field: string): string | null {
  const value = node.fields[field];
  return typeof value === 'string' ? value : null;
}

export function flagIn(node: TreeNode, field: string): boolean {
  return node.fields[field] === 'true';
}
