/**
 * Turns what zod found into problems with a line and a suggestion. Invariant: every zod issue becomes at
 * least one problem, so nothing that failed validation can look valid. Not a schema language of its own.
 */
import { z } from 'zod';
import { suggest } from './did-you-mean.ts';
import type { Path, Problem } from './problem.ts';
import type { YamlSource } from './yaml-source.ts';

/** Keys that belong to a later version: path with `[]` for list positions and `*` for free names → keys. */
export type Reserved = Readonly<Record<string, readonly string[]>>;

/** What a refinement may pass along in `params`. */
export type ProblemParams = { readonly suggestion?: string };

type Issue = z.core.$ZodIssue;

export function problemsOf(
  source: YamlSource,
  schema: z.ZodType,
  issues: readonly Issue[],
  reserved: Reserved,
): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue({ source, schema, reserved }, issue, []));
}

type Context = { readonly source: YamlSource; readonly schema: z.ZodType; readonly reserved: Reserved };

function problemsOfIssue(context: Context, issue: Issue, base: Path): Problem[] {
  const path = [...base, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  const { source } = context;
  const found = valueAt(source.data, path);
  if (found === undefined && issue.code !== 'custom' && path.length > 0) {
    return [source.problem(path, `"${String(path.at(-1))}" is missing`)];
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(context, path, key));
    case 'invalid_union':
      return unionProblems(context, issue.errors, path, found);
    case 'invalid_value': {
      const values = issue.values.map(String);
      const suggestion = typeof found === 'string' ? suggest(found, values) : null;
      return [source.problem(path, `${show(found)} is not one of ${values.join(', ')}`, suggestion)];
    }
    case 'invalid_type':
      return [source.problem(path, `expected ${typeName(issue.expected)}, found ${kindName(found)}`)];
    case 'custom': {
      const suggestion = issue.params?.['suggestion'];
      return [source.problem(path, issue.message, typeof suggestion === 'string' ? suggestion : null)];
    }
    default:
      return [source.problem(path, issue.message)];
  }
}

function unknownKey(context: Context, path: Path, key: string): Problem {
  const at = [...path, key];
  const place = placeOf(context.schema, path);
  if (context.reserved[place.pattern]?.includes(key) === true) {
    return context.source.problem(at, `"${key}" is not supported by this version`, 'remove it', true);
  }
  const known = place.keys;
  const suggestion = suggest(key, known) ?? (known.length === 0 ? null : `known keys: ${known.join(', ')}`);
  return context.source.problem(at, `unknown key "${key}"`, suggestion, true);
}

/** A union's own issue says nothing; the branch that fits the kind of value written says what is wrong. */
function unionProblems(
  context: Context,
  branches: readonly (readonly Issue[])[],
  path: Path,
  found: unknown,
): Problem[] {
  const isKindMismatch = (issue: Issue) =>
    issue.path.length === 0 &&
    (issue.code === 'invalid_type' || (issue.code === 'invalid_value' && typeof found !== 'string'));
  const branch = branches.find((issues) => issues.length > 0 && !issues.some(isKindMismatch));
  if (branch !== undefined) return branch.flatMap((issue) => problemsOfIssue(context, issue, path));
  const expected = branches.flatMap((issues) =>
    issues.flatMap((issue) => (issue.code === 'invalid_type' ? [typeName(issue.expected)] : [])),
  );
  const unique = [...new Set(expected)];
  return [
    context.source.problem(
      path,
      `expected ${unique.join(' or ') || 'another kind of value'}, found ${kindName(found)}`,
    ),
  ];
}

/** The keys known at a path, and the path with list positions and free names generalised. */
function placeOf(
  root: z.ZodType,
  path: Path,
): { readonly pattern: string; readonly keys: readonly string[] } {
  let schemas: readonly z.ZodType[] = unwrap(root);
  let pattern = '';
  for (const part of path) {
    const next: z.ZodType[] = [];
    let name = typeof part === 'number' ? '[]' : part;
    for (const schema of schemas) {
      if (schema instanceof z.ZodArray) next.push(...unwrap(schema.element as z.ZodType));
      else if (schema instanceof z.ZodRecord) {
        next.push(...unwrap(schema.valueType as z.ZodType));
        name = '*';
      } else if (schema instanceof z.ZodObject) {
        const member: unknown = schema.shape[part];
        if (member instanceof z.ZodType) next.push(...unwrap(member));
      }
    }
    schemas = next;
    pattern += name === '[]' ? name : pattern === '' ? name : `.${name}`;
  }
  return {
    pattern,
    keys: schemas.flatMap((schema) => (schema instanceof z.ZodObject ? Object.keys(schema.shape) : [])),
  };
}

function unwrap(schema: z.ZodType): readonly z.ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault) {
    return unwrap(schema.unwrap() as z.ZodType);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => unwrap(option as z.ZodType));
  return [schema];
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** A word out of a closed list, as it was written. Only used where a secret cannot stand. */
function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.length <= 40 ? `"${value}"` : kindName(value);
}

/** The kind of what was written, never the thing itself: a password may stand in the wrong place. */
function kindName(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'a map';
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    default:
      return 'true or false';
  }
}

function typeName(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    array: 'a list',
    object: 'a map',
    record: 'a map',
    string: 'text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    null: 'null',
    nan: 'a number',
  };
  return names[expected] ?? expected;
}
