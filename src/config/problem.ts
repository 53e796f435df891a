/** One thing wrong in a configuration file, at a place a person can go to. */
export type Problem = {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** `rules[0].when.action`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly suggestion: string | null;
};

export type Path = readonly (string | number)[];

/** `file:line:column: path: message (suggestion)`, the form editors and CI turn into a link. */
export function formatProblem(problem: Problem): string {
  const where = `${problem.file}:${problem.line}:${problem.column}`;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const suggestion = problem.suggestion === null ? '' : ` (${problem.suggestion})`;
  return `${where}: ${path}${problem.message}${suggestion}`;
}

/** Names as they are, list positions in brackets: `rules[0].when.action`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}
