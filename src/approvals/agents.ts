/**
 * The registry of agents. Invariant: a change is durable in the trail, then in the store, and only then
 * returned or found. A crash in between leaves an event whose change did not happen, never the reverse.
 * A disabled agent has nothing left that was given to its name: it is found disabled first, then that ends.
 * Passwords never come here, only SCRAM verifiers, and no verifier goes to the trail.
 */
import { PosternError } from '../errors.ts';
import type { Trail } from '../audit/event.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { MAX_AGENT_NAME_CHARACTERS, MAX_LABEL_CHARACTERS, MAX_LABELS } from './limits.ts';
import type { AgentRecord, Agents } from './request.ts';
import type { AgentStore, Store } from './store.ts';

export type AgentOptions = {
  readonly store: Store;
  readonly trail: Trail;
  readonly now?: () => Date;
  /** Ends whatever the agent of this name has. Once again, where a former call may have failed. */
  readonly onDisabled?: (name: string, by: string) => Promise<void>;
};

export function openAgents(options: AgentOptions): Agents {
  return new Registry(options);
}

const NAME = /^[a-z][a-z0-9_-]*$/;
// PostgreSQL's own form: SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, both keys 32 bytes.
const VERIFIER =
  /^SCRAM-SHA-256\$[1-9]\d{3,6}:[A-Za-z0-9+/]{8,}={0,2}\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/;
const UNSAFE = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u2028\u2029]/u;

class Registry implements Agents {
  readonly #store: AgentStore;
  readonly #trail: Trail;
  readonly #now: () => Date;
  readonly #mutex = new KeyedMutex();
  readonly #onDisabled: (name: string, by: string) => Promise<void>;

  constructor(options: AgentOptions) {
    this.#store = options.store.agents;
    this.#trail = options.trail;
    this.#now = options.now ?? (() => new Date());
    this.#onDisabled = options.onDisabled ?? (() => Promise.resolve());
  }

  find(name: string): Promise<AgentRecord | null> {
    return this.#store.find(name);
  }

  list(): Promise<readonly AgentRecord[]> {
    return this.#store.list();
  }

  async add(added: Omit<AgentRecord, 'createdAt' | 'disabled'>, by: string): Promise<AgentRecord> {
    const { name, owner, groups, databases, login, verifier } = added;
    checkName(name);
    checkLabel('owner', owner);
    checkLabel('login', login);
    checkLabel('name of who adds it', by);
    checkLabels('group', groups);
    checkLabels('database', databases);
    if (databases.length === 0) throw bad("an agent needs at least one database, or '*' for all");
    checkVerifier(verifier);
    return this.#mutex.run(name, async () => {
      const taken = new PosternError('already-exists', { what: 'agent', name });
      if ((await this.#store.find(name)) !== null) throw taken;
      await this.#trail.record({ kind: 'agent_added', agent: name, by });
      const createdAt = this.#now().toISOString();
      const agent = { name, owner, groups, databases, login, verifier, disabled: false, createdAt };
      if (!(await this.#store.insert(agent))) throw taken;
      return this.#existing(name);
    });
  }

  async rotate(name: string, verifier: string, by: string): Promise<AgentRecord> {
    checkVerifier(verifier);
    checkLabel('name of who rotates it', by);
    return this.#mutex.run(name, async () => {
      await this.#existing(name);
      await this.#trail.record({ kind: 'agent_rotated', agent: name, by });
      await this.#store.setVerifier(name, verifier);
      return this.#existing(name);
    });
  }

  async disable(name: string, by: string): Promise<AgentRecord> {
    checkLabel('name of who disables it', by);
    return this.#mutex.run(name, async () => {
      const agent = await this.#existing(name);
      if (!agent.disabled) {
        await this.#trail.record({ kind: 'agent_disabled', agent: name, by });
        await this.#store.setDisabled(name);
      }
      await this.#onDisabled(name, by);
      return this.#existing(name);
    });
  }

  async #existing(name: string): Promise<AgentRecord> {
    const agent = await this.#store.find(name);
    if (agent === null)
      throw new PosternError('not-found', { what: 'agent', name: name.slice(0, MAX_AGENT_NAME_CHARACTERS) });
    return agent;
  }
}

function bad(reason: string): PosternError {
  return new PosternError('bad-input', { reason });
}

function checkName(name: string): void {
  if (NAME.test(name) && name.length <= MAX_AGENT_NAME_CHARACTERS) return;
  throw bad(
    `an agent's name is 1 to ${MAX_AGENT_NAME_CHARACTERS} lower-case letters, digits, _ or -, a letter first`,
  );
}

function checkLabel(what: string, label: string): void {
  if (label.trim() === '' || label.length > MAX_LABEL_CHARACTERS || UNSAFE.test(label)) {
    throw bad(`the ${what} must be 1 to ${MAX_LABEL_CHARACTERS} characters, without control characters`);
  }
}

function checkLabels(what: string, labels: readonly string[]): void {
  if (labels.length > MAX_LABELS) throw bad(`an agent has at most ${MAX_LABELS} ${what}s`);
  for (const label of labels) checkLabel(what, label);
}

function checkVerifier(verifier: string): void {
  if (!VERIFIER.test(verifier))
    throw bad('the verifier is not a SCRAM-SHA-256 verifier in the form PostgreSQL uses');
}
