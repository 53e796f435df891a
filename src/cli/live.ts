/** The live list on a terminal: draws the state, reads keys, sends answers. Leaves the terminal as it was. */
import type { Client, Told } from './client.ts';
import { PosternError } from '../errors.ts';
import { ApiRefusal } from './exit-codes.ts';
import { outcome } from './decide.ts';
import { makeKeyReader } from './live-keys.ts';
import { screen } from './live-screen.ts';
import { EMPTY, onKey, withPending, withRequest } from './live-state.ts';
import type { Effect, LiveState } from './live-state.ts';

/** What is used of a terminal; `process.stdin` and `process.stdout` are one. */
export type Terminal = {
  readonly input: Pick<NodeJS.ReadStream, 'setRawMode' | 'setEncoding' | 'on' | 'off' | 'resume' | 'pause'>;
  readonly output: Pick<NodeJS.WriteStream, 'write' | 'on' | 'off' | 'columns' | 'rows'>;
};

/** Another screen, no cursor, and pasted text in brackets; and all of it back (xterm's private modes). */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?2004h';
const LEAVE = '\u001b[?2004l\u001b[?25h\u001b[?1049l';
/** Milliseconds between two drawings while nothing happens: ages and times left go on. */
const TICK_MS = 1000;

/**
 * Runs until `q`, Ctrl-C or the end of `told`.
 * @param told what the API tells; it reconnects by itself
 * @throws what `told` throws
 */
export async function live(
  client: Client,
  told: AsyncIterable<Told>,
  { input, output }: Terminal,
): Promise<void> {
  let state: LiveState = EMPTY;
  const read = makeKeyReader();
  const quit = Promise.withResolvers<void>();
  const draw = (): void => {
    const lines = screen(state, output.columns || 80, output.rows || 24, Date.now());
    output.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join('\r\n')}\u001b[J`);
  };
  const act = (effect: Effect): void => {
    if (effect.kind === 'quit') return quit.resolve();
    client
      .decide(effect.id, effect.answer, effect.reason)
      .then((request) => {
        state = { ...withRequest(state, request), message: outcome(request, effect.answer) };
      })
      .catch((error: unknown) => {
        state = { ...state, message: `${effect.id}: ${wordsOf(error)}` };
      })
      .finally(draw);
  };
  const onData = (chunk: string): void => {
    for (const key of read(chunk)) {
      const step = onKey(state, key);
      state = step.state;
      if (step.effect !== null) act(step.effect);
    }
    draw();
  };
  const follow = async (): Promise<void> => {
    for await (const one of told) {
      state = one.kind === 'snapshot' ? withPending(state, one.pending) : withRequest(state, one.request);
      draw();
    }
  };
  input.setRawMode(true);
  input.setEncoding('utf8');
  input.on('data', onData);
  input.resume();
  output.on('resize', draw);
  output.write(ENTER);
  // A terminal left in raw mode on another screen is of no use to anybody.
  const leave = (): void => quit.resolve();
  process.once('SIGTERM', leave).once('SIGHUP', leave);
  const ticks = setInterval(draw, TICK_MS);
  try {
    draw();
    await Promise.race([quit.promise, follow()]);
  } finally {
    clearInterval(ticks);
    process.off('SIGTERM', leave).off('SIGHUP', leave);
    output.off('resize', draw);
    input.off('data', onData);
    input.setRawMode(false);
    input.pause();
    output.write(LEAVE);
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof ApiRefusal || error instanceof PosternError) return error.message;
  return 'something went wrong';
}
