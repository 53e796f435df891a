/**
 * Reads YAML 1.2 so that everything said about it later can point at a line. One document, keys that are
 * strings and unique, no tabs as indentation, no tags, no merge keys, aliases limited.
 */
import { isAlias, isMap, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import { MAX_ALIAS_COUNT, MAX_FILE_BYTES, MAX_PROBLEMS } from './limits.ts';
import { pathText } from './problem.ts';
import type { Path, Problem } from './problem.ts';

export type YamlSource = {
  readonly file: string;
  /** The document as plain values. */
  readonly data: unknown;
  /** A problem at a value, or at its nearest existing ancestor; at the key itself with `atKey`. */
  problem(path: Path, message: string, suggestion?: string | null, atKey?: boolean): Problem;
};

export type YamlReading =
  | { readonly kind: 'ok'; readonly source: YamlSource }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

type Fault = { readonly pos: readonly number[]; readonly code: string; readonly message: string };

export function readYaml(bytes: Buffer, file: string): YamlReading {
  const whole = (message: string, suggestion: string | null = null): YamlReading => ({
    kind: 'invalid',
    problems: [{ file, line: 1, column: 1, path: '', message, suggestion }],
  });
  if (bytes.length > MAX_FILE_BYTES) return whole(`the file is larger than ${MAX_FILE_BYTES} bytes`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return whole('the file is not valid UTF-8', 'save it as UTF-8');
  }
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: true,
      stringKeys: true,
      strict: true,
      prettyErrors: false,
      resolveKnownTags: false,
      logLevel: 'error',
    });
  } catch {
    return whole('the file cannot be read as YAML: it is nested too deeply');
  }
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0)
    return { kind: 'invalid', problems: faults.slice(0, MAX_PROBLEMS).map(syntaxProblem) };
  const dangling = danglingAliases(document);
  if (dangling.length > 0)
    return { kind: 'invalid', problems: dangling.slice(0, MAX_PROBLEMS).map(syntaxProblem) };
  let data: unknown;
  try {
    data = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
  } catch (error) {
    return whole(
      `the file cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return { kind: 'ok', source: { file, data, problem } };

  function syntaxProblem(fault: Fault): Problem {
    const { line, col } = lines.linePos(fault.pos[0] ?? 0);
    const [message, suggestion] = syntaxText(fault.code, fault.message);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: '', message, suggestion };
  }

  function problem(path: Path, message: string, suggestion: string | null = null, atKey = false): Problem {
    const { line, col } = lines.linePos(offsetOf(document, path, atKey));
    return {
      file,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path: pathText(path),
      message,
      suggestion,
    };
  }
}

function syntaxText(code: string, message: string): [string, string | null] {
  switch (code) {
    case 'DUPLICATE_KEY':
      return ['the same key is written twice', 'keep one of them'];
    case 'TAB_AS_INDENT':
      return ['a tab is used as indentation', 'YAML indents with spaces'];
    case 'MULTIPLE_DOCS':
      return ['the file holds more than one YAML document', 'remove the `---` line and what follows it'];
    case 'BAD_ALIAS':
      return [message, 'a value that starts with * or & must be quoted, e.g. "*.email"'];
    default:
      return [message, null];
  }
}

/** `*.email` without quotes is an alias to YAML; it is the slip most likely in a rules file. */
function danglingAliases(document: Document.Parsed): Fault[] {
  const found: Fault[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) !== undefined) return;
      found.push({
        pos: alias.range ?? [0, 0],
        code: 'BAD_ALIAS',
        message: `"*${alias.source}" is a YAML alias of something that is not there`,
      });
    },
  });
  return found;
}

/** Byte-exact start of the node at `path`, walking as deep as the document goes. */
function offsetOf(document: Document.Parsed, path: Path, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    let key: unknown = null;
    let value: unknown = null;
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key) === String(part));
      if (pair === undefined) break;
      key = pair.key;
      value = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      value = node.items[part];
    } else break;
    const last = depth === path.length - 1;
    // an empty value has no place of its own worth pointing at, its key has
    const keyOffset = startOf(key);
    const valueOffset = startOf(value);
    const next =
      last && atKey
        ? (keyOffset ?? valueOffset)
        : isEmptyScalar(value)
          ? (keyOffset ?? valueOffset)
          : valueOffset;
    if (next === null || next === undefined) break;
    offset = next;
    node = value;
  }
  return offset;
}

function keyText(key: unknown): string {
  return typeof key === 'object' && key !== null && 'value' in key ? String(key.value) : String(key);
}

function isEmptyScalar(node: unknown): boolean {
  return typeof node === 'object' && node !== null && 'source' in node && node.source === '';
}

function startOf(node: unknown): number | null {
  const range = (node as Node | null | undefined)?.range;
  return range === null || range === undefined ? null : range[0];
}
