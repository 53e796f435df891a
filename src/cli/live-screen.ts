/** The live list as lines of text, each at most as wide as the screen. What others wrote passes `safe`, as everywhere. */
import type { RequestView } from '../api/views.ts';
import type { LiveState } from './live-state.ts';
import { actionsOf, duration, oneLine, safe, table } from './output.ts';
import { page } from './show.ts';

const HELP = 'j/k move  enter show  a approve  d deny  e escalate  r reason  q quit';

/** @returns exactly `rows` lines at most */
export function screen(state: LiveState, columns: number, rows: number, now: number): string[] {
  const body = Math.max(1, rows - 2);
  const lines = bodyOf(state, columns, body, now);
  const filled = [...lines, ...Array.from({ length: Math.max(0, body - lines.length) }, () => '')];
  return [...filled.slice(0, body), status(state, columns), oneLine(HELP, columns - 1)];
}

function bodyOf(state: LiveState, columns: number, rows: number, now: number): string[] {
  const { mode, requests } = state;
  const shown = mode.kind === 'show' || mode.kind === 'prompt' ? mode.id : null;
  const request = requests.find((one) => one.id === shown);
  if (request !== undefined) {
    // The whole page, wrapped here: a prompt stands below what it is about.
    const lines = page(request, requests, columns - 1, now)
      .split('\n')
      .flatMap((line) => wrapped(line, columns - 1));
    const top = mode.kind === 'show' ? Math.min(mode.top, Math.max(0, lines.length - rows)) : 0;
    const part = lines.slice(top, top + rows);
    if (top + rows < lines.length)
      part[part.length - 1] = oneLineKeeping('  … more below: j, or enlarge the window', columns - 1);
    return part;
  }
  if (requests.length === 0) return ['nothing waits'];
  const at = Math.max(
    0,
    requests.findIndex((one) => one.id === state.selected),
  );
  const first = Math.max(0, at - rows + 2);
  const listed = requests.slice(first, first + rows - 1);
  const cells = listed.map((one) => [one.id, duration(now - Date.parse(one.createdAt)), ...cellsOf(one)]);
  const [head = '', ...body] = table(
    ['id', 'age', 'agent', 'database', 'actions', 'statement'],
    cells,
    columns - 3,
  ).split('\n');
  const marked = body.map((line, i) => `${listed[i]?.id === state.selected ? '> ' : '  '}${line}`);
  return [`  ${head}`, ...marked].map((line) => oneLineKeeping(line, columns - 1));
}

function cellsOf(request: RequestView): string[] {
  return [request.agent, request.database, actionsOf(request), request.statement];
}

function status(state: LiveState, columns: number): string {
  const { mode } = state;
  if (mode.kind === 'prompt') {
    const what =
      mode.answer === null ? 'reason for what follows' : `${mode.answer} ${safe(mode.id ?? '')}, because`;
    const note = state.message === '' ? '' : `(${safe(state.message)}) `;
    const head = `${note}${what}: `;
    // The end of what is typed is what one looks at.
    const typed = Array.from(safe(mode.text)).slice(-Math.max(10, Math.floor((columns - head.length) / 2)));
    return oneLineKeeping(`${head}${typed.join('')}_`, columns - 1);
  }
  const reason = state.reason === '' ? '' : `  reason: ${safe(state.reason)}`;
  return oneLine(`${safe(state.message)}${reason}`, columns - 1);
}

/** As `oneLine`, for what is safe already and whose spaces matter. */
function oneLineKeeping(line: string, width: number): string {
  return wrapped(line, width)[0] ?? '';
}

const INDENT = '      ';

/**
 * By the same careful count as everywhere: all but ASCII is two columns wide. What goes on is indented, or what
 * an agent wrote could begin where our lines do.
 */
function wrapped(line: string, width: number): string[] {
  const indent = width > 2 * INDENT.length ? INDENT : '';
  const pieces: string[] = [''];
  let columns = 0;
  for (const character of line) {
    const wide = character <= '~' ? 1 : 2;
    if (columns + wide > width) {
      pieces.push(indent);
      columns = indent.length;
    }
    pieces[pieces.length - 1] += character;
    columns += wide;
  }
  return pieces;
}
