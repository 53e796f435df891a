/**
 * Canonical JSON: members sorted by name in UTF-16 code unit order, no white space, strings and numbers as
 * `JSON.stringify` writes them (the same form as RFC 8785). One value has one text, so it can be hashed.
 * Total over what an event may hold: an absent member is left out, a number that JSON lacks becomes null.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : 'null';
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return `"${value}"`;
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? canonicalArray(value) : canonicalObject(value);
    default:
      return 'null';
  }
}

function canonicalArray(items: readonly unknown[]): string {
  let text = '[';
  for (let i = 0; i < items.length; i += 1) {
    if (i > 0) text += ',';
    text += canonicalJson(items[i]);
  }
  return `${text}]`;
}

function canonicalObject(members: object): string {
  const values = members as Readonly<Record<string, unknown>>;
  let text = '{';
  // The default order of sort() is UTF-16 code units, on every machine and in every locale.
  for (const name of Object.keys(members).sort()) {
    const value = values[name];
    if (value === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(name)}:${canonicalJson(value)}`;
  }
  return `${text}}`;
}
