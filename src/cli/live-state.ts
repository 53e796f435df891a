/**
 * The live list as a state machine, pure: requests come and go, keys move, and what a person answers comes out.
 *
 * Invariant: an answer is for the request that was on the screen when its key was pressed, by its whole id. The
 * selection is an id and never a place in the list, so nothing that arrives meanwhile moves under a finger; and
 * text that is pasted is text, never keys.
 */
import type { RequestView } from '../api/views.ts';
import type { Answer } from './client.ts';

export type Mode =
  | { readonly kind: 'list' }
  | { readonly kind: 'show'; readonly id: string; readonly top: number }
  /** A line of text is typed: for an answer, or to be the reason of the answers to come. */
  | {
      readonly kind: 'prompt';
      readonly answer: Answer | null;
      readonly id: string | null;
      readonly text: string;
    };

export type LiveState = {
  /** Pending, newest first. */
  readonly requests: readonly RequestView[];
  readonly selected: string | null;
  readonly mode: Mode;
  /** The reason that prompts begin with. */
  readonly reason: string;
  readonly message: string;
};

export type Key =
  | { readonly kind: 'up' | 'down' | 'enter' | 'escape' | 'backspace' | 'interrupt' | 'clear' }
  | { readonly kind: 'text'; readonly text: string; readonly pasted: boolean };

export type Effect =
  | { readonly kind: 'quit' }
  | { readonly kind: 'answer'; readonly id: string; readonly answer: Answer; readonly reason: string };
export type Step = { readonly state: LiveState; readonly effect: Effect | null };

/** Characters of a typed reason; the API takes no more. */
const MAX_TYPED = 2000;

export const EMPTY: LiveState = {
  requests: [],
  selected: null,
  mode: { kind: 'list' },
  reason: '',
  message: '',
};

/** A request as it is now. One that is no longer pending leaves the list; who looks at it is told. */
export function withRequest(state: LiveState, request: RequestView): LiveState {
  const at = state.requests.findIndex((one) => one.id === request.id);
  if (request.state === 'pending') {
    const requests = at < 0 ? [request, ...state.requests] : state.requests.with(at, request);
    return { ...state, requests, selected: state.selected ?? request.id };
  }
  if (at < 0) return state;
  const message = `${request.id} is ${request.state}`;
  return { ...without(state, (one) => one.id !== request.id), message };
}

/** Only these are pending; what else is listed was decided while nobody told us. */
export function withPending(state: LiveState, ids: readonly string[]): LiveState {
  return without(state, (one) => ids.includes(one.id));
}

function without(state: LiveState, kept: (request: RequestView) => boolean): LiveState {
  const requests = state.requests.filter(kept);
  const has = (id: string | null): boolean => requests.some((one) => one.id === id);
  const at = state.requests.findIndex((one) => one.id === state.selected);
  const selected = has(state.selected)
    ? state.selected
    : (requests[Math.min(Math.max(at, 0), requests.length - 1)]?.id ?? null);
  const { mode } = state;
  // A prompt for an answer ends with its request: what is typed must not reach another.
  const gone = mode.kind !== 'list' && mode.id !== null && !has(mode.id);
  return { ...state, requests, selected, mode: gone ? { kind: 'list' } : mode };
}

export function onKey(state: LiveState, key: Key): Step {
  if (key.kind === 'interrupt') return { state, effect: { kind: 'quit' } };
  const { mode } = state;
  if (mode.kind === 'prompt') return inPrompt(state, mode, key);
  if (key.kind === 'text' && key.pasted) return stay(state);
  const id = mode.kind === 'show' ? mode.id : state.selected;
  if (key.kind === 'text') return letter(state, id, key.text);
  switch (key.kind) {
    case 'up':
    case 'down':
      return stay(moved(state, key.kind === 'up' ? -1 : 1));
    case 'enter':
      return stay(
        mode.kind === 'list' && id !== null
          ? { ...state, mode: { kind: 'show', id, top: 0 }, message: '' }
          : state,
      );
    case 'escape':
      return stay({ ...state, mode: { kind: 'list' }, message: '' });
    case 'backspace':
    case 'clear':
      return stay(state);
  }
}

const ANSWER_OF: Readonly<Record<string, Answer>> = { a: 'approve', d: 'deny', e: 'escalate' };

function letter(state: LiveState, id: string | null, text: string): Step {
  const answer = ANSWER_OF[text];
  if (answer !== undefined) {
    return stay(
      id === null
        ? state
        : { ...state, mode: { kind: 'prompt', answer, id, text: state.reason }, message: '' },
    );
  }
  switch (text) {
    case 'j':
      return stay(moved(state, 1));
    case 'k':
      return stay(moved(state, -1));
    case 'r':
      return stay({ ...state, mode: { kind: 'prompt', answer: null, id: null, text: state.reason } });
    case 'q':
      if (state.mode.kind === 'show') return stay({ ...state, mode: { kind: 'list' } });
      return { state, effect: { kind: 'quit' } };
    default:
      return stay(state);
  }
}

function moved(state: LiveState, by: 1 | -1): LiveState {
  const { mode, requests } = state;
  if (mode.kind === 'show') return { ...state, mode: { ...mode, top: Math.max(0, mode.top + by) } };
  const at = requests.findIndex((one) => one.id === state.selected);
  const selected = requests[Math.min(Math.max(at + by, 0), requests.length - 1)]?.id ?? null;
  return { ...state, selected, message: '' };
}

function inPrompt(state: LiveState, mode: Extract<Mode, { kind: 'prompt' }>, key: Key): Step {
  switch (key.kind) {
    case 'text':
      // Line ends of a pasted text would not be seen for what they are.
      return stay({
        ...state,
        mode: { ...mode, text: (mode.text + key.text.replaceAll(/\s+/g, ' ')).slice(0, MAX_TYPED) },
      });
    case 'backspace':
      return stay({ ...state, mode: { ...mode, text: Array.from(mode.text).slice(0, -1).join('') } });
    case 'clear':
      return stay({ ...state, mode: { ...mode, text: '' } });
    case 'escape':
      return stay({ ...state, mode: { kind: 'list' }, message: 'nothing was decided' });
    case 'enter': {
      const reason = mode.text.trim();
      if (mode.answer === null || mode.id === null)
        return stay({ ...state, reason, mode: { kind: 'list' }, message: '' });
      if (reason === '') return stay({ ...state, message: 'a decision needs a reason' });
      return {
        state: { ...state, mode: { kind: 'list' }, message: 'sending …' },
        effect: { kind: 'answer', id: mode.id, answer: mode.answer, reason },
      };
    }
    case 'up':
    case 'down':
    case 'interrupt':
      return stay(state);
  }
}

function stay(state: LiveState): Step {
  return { state, effect: null };
}
