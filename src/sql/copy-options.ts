/** COPY's options, old and new syntax alike: the parser turns both into one list of options. */
import type { CopyOptions } from './statement.ts';
import { as, namesOf, optionIsOn, optionText, type Node } from './tree.ts';

type Draft = { -readonly [K in keyof CopyOptions]?: CopyOptions[K] };

/** The options with PostgreSQL's defaults filled in. What the server would refuse may come out as anything. */
export function copyOptions(options: readonly Node[] | undefined): CopyOptions {
  const draft: Draft = {};
  for (const item of options ?? []) {
    const option = as('DefElem', item);
    if (option !== undefined) read(option.defname ?? '', option.arg, draft);
  }
  const format = draft.format ?? 'text';
  const csv = format === 'csv';
  const quote = draft.quote ?? '"';
  return {
    format,
    delimiter: draft.delimiter ?? (csv ? ',' : '\t'),
    quote,
    escape: draft.escape ?? quote,
    nullText: draft.nullText ?? (csv ? '' : '\\N'),
    header: draft.header ?? false,
    forceQuote: draft.forceQuote ?? [],
    ...(draft.encoding === undefined ? {} : { encoding: draft.encoding }),
  };
}

function read(name: string, arg: Node | undefined, draft: Draft): void {
  const text = optionText(arg);
  switch (name) {
    case 'format':
      draft.format = text === 'csv' || text === 'binary' ? text : 'text';
      break;
    case 'delimiter':
      draft.delimiter = text ?? '';
      break;
    case 'quote':
      draft.quote = text ?? '';
      break;
    case 'escape':
      draft.escape = text ?? '';
      break;
    case 'null':
      draft.nullText = text ?? '';
      break;
    case 'header':
      draft.header = optionIsOn(arg);
      break;
    case 'force_quote':
      draft.forceQuote = as('A_Star', arg) === undefined ? namesOf(as('List', arg)?.items) : '*';
      break;
    case 'encoding':
      draft.encoding = (text ?? '').toLowerCase();
      break;
    default:
      // the others say how data is read in, or what is reported
      break;
  }
}
