/**
 * Several processes of one Postern: starts them, starts again what dies, passes on what they are told and what
 * they ask each other. Each is a whole Postern; they share the agents' port and the store.
 *
 * Invariants: at first either all come up or none stays; later a death is loud, and ends in a new start or in
 * the end of all; nobody's question waits for ever; when the supervisor goes, by whatever way, they go
 * (`child.ts`). Non-goals: judging who is healthy (`siblings.ts`), balancing (the system's).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import pino, { type Logger } from 'pino';
import { ANSWER_MS, FIRST_RESTART_MS, LAST_RESTART_MS, STEADY_MS, STOP_MARGIN_MS } from './limits.ts';
import type { Answer, FromProcess, Question, ToProcess } from './messages.ts';
import { StartFailure } from './start-failure.ts';

export type SupervisorOptions = {
  readonly configFile: string;
  readonly count: number;
  readonly shutdownGraceMs: number;
  readonly logLevel: string;
};

export type Supervised = {
  readonly agentPort: number;
  readonly apiPort: number;
  /** By number; null while it is down. */
  pid(process: number): number | null;
  reload(): void;
  /** Drains and stops all. */
  stop(): Promise<void>;
};

type Slot = {
  readonly number: number;
  child: ChildProcess | null;
  ready: boolean;
  readyAt: number;
  /** Deaths one upon the other. */
  deaths: number;
  timer: NodeJS.Timeout | null;
};

type Ports = { readonly agentPort: number; readonly apiPort: number };

/** Beside this file, as it is run: TypeScript or what was built of it. */
const CHILD = fileURLToPath(new URL(`child${extname(import.meta.url)}`, import.meta.url));

/** Resolves when all are ready. @throws StartFailure saying why one of them could not start; then none is left */
export async function supervise(options: SupervisorOptions): Promise<Supervised> {
  const supervisor = new Supervisor(options);
  const { agentPort, apiPort } = await supervisor.start();
  return {
    agentPort,
    apiPort,
    pid: (process) => supervisor.pid(process),
    reload: () => supervisor.reload(),
    stop: () => supervisor.stop(),
  };
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Logger;
  readonly #slots: readonly Slot[];
  readonly #answers = new Map<number, (answer: Answer<Question['kind']>['answer']) => void>();
  #lastQuestion = 0;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = pino({ level: options.logLevel, base: null });
    this.#slots = Array.from({ length: options.count }, (_, n) => ({
      number: n + 1,
      child: null,
      ready: false,
      readyAt: 0,
      deaths: 0,
      timer: null,
    }));
  }

  async start(): Promise<Ports> {
    try {
      // The first one alone: it makes the store's tables, and finds what is wrong for all.
      const [first, ...others] = this.#slots;
      if (first === undefined) throw new RangeError('there is no process to start');
      const ports = await this.#begin(first);
      await Promise.all(others.map((slot) => this.#begin(slot)));
      const { agentPort: agents, apiPort: api } = ports;
      this.#log.info(
        { agents, api, processes: this.#options.count },
        'Postern is ready, all processes of it',
      );
      return ports;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  pid(number: number): number | null {
    return this.#slots[number - 1]?.child?.pid ?? null;
  }

  reload(): void {
    for (const slot of this.#slots) send(slot, { kind: 'reload' });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      this.#slots.map(async (slot) => {
        if (slot.timer !== null) clearTimeout(slot.timer);
        const { child } = slot;
        if (child === null) return;
        const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
        send(slot, { kind: 'stop' });
        const graceMs = this.#options.shutdownGraceMs + STOP_MARGIN_MS;
        const timer = setTimeout(() => {
          this.#log.error({ process: slot.number }, 'a process did not stop in time and is killed');
          child.kill('SIGKILL');
        }, graceMs);
        await gone;
        clearTimeout(timer);
      }),
    );
  }

  /** Starts one and resolves when it is ready. @throws StartFailure if it cannot, which it says before it ends */
  #begin(slot: Slot): Promise<Ports> {
    const { configFile, count, shutdownGraceMs } = this.#options;
    const stopMs = shutdownGraceMs + STOP_MARGIN_MS;
    const child = fork(CHILD, [configFile, ...[slot.number, count, stopMs].map(String)], {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    slot.child = child;
    return new Promise((resolve, reject) => {
      let why = new StartFailure('a process ended while it started', '');
      child.on('error', (error) => {
        why = new StartFailure(error.message, '');
        if (child.pid !== undefined) return;
        // It never was there, so it will not end either.
        slot.child = null;
        reject(why);
      });
      child.on('message', (message: FromProcess) => {
        if (message.kind === 'ready') {
          slot.ready = true;
          slot.readyAt = performance.now();
          resolve(message);
        } else if (message.kind === 'failed') why = new StartFailure(message.message, message.hint);
        else this.#relay(slot, message);
      });
      // `close` would wait for what the process itself has started.
      child.on('exit', (code, signal) => {
        const wasReady = slot.ready;
        slot.child = null;
        slot.ready = false;
        if (wasReady) this.#died(slot, { code, signal });
        else reject(why);
      });
    });
  }

  #died(slot: Slot, how: { readonly code: number | null; readonly signal: string | null }): void {
    if (this.#stopping) return;
    if (performance.now() - slot.readyAt >= STEADY_MS) slot.deaths = 0;
    this.#again(slot, { ...how, problem: null });
  }

  #again(slot: Slot, how: object): void {
    if (this.#stopping) return;
    const againInMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** slot.deaths);
    slot.deaths += 1;
    this.#log.error(
      { process: slot.number, ...how, againInMs },
      'a process of Postern died; it is started again',
    );
    slot.timer = setTimeout(() => {
      slot.timer = null;
      this.#begin(slot).then(
        () => this.#log.warn({ process: slot.number }, 'a process of Postern is back'),
        (error: unknown) =>
          this.#again(slot, { problem: error instanceof Error ? error.message : String(error) }),
      );
    }, againInMs);
  }

  #relay(slot: Slot, message: Extract<FromProcess, { kind: 'ask' | 'answer' }>): void {
    if (message.kind === 'answer') {
      this.#answers.get(message.id)?.(message.answer);
      return;
    }
    const others = this.#slots.filter((other) => other !== slot);
    void Promise.all(others.map((other) => this.#ask(other, message.question))).then((answers) =>
      send(slot, { kind: 'answers', id: message.id, answers }),
    );
  }

  #ask(slot: Slot, question: Question): Promise<Answer<Question['kind']>> {
    const process = slot.number;
    if (!slot.ready) return Promise.resolve({ process, answer: null });
    const id = (this.#lastQuestion += 1);
    return new Promise((resolve) => {
      const answered = (answer: Answer<Question['kind']>['answer']): void => {
        clearTimeout(timer);
        this.#answers.delete(id);
        resolve({ process, answer });
      };
      const timer = setTimeout(() => answered(null), ANSWER_MS);
      this.#answers.set(id, answered);
      send(slot, { kind: 'question', id, question });
    });
  }
}

/** To one that is going, nothing needs to be said. */
function send({ child }: Slot, message: ToProcess): void {
  if (child?.connected === true) child.send(message, () => undefined);
}
