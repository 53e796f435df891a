/**
 * Keeps an eye on rules.yaml. Invariant: a listener hears of every content the file settles on, once, and a
 * file that does not validate never replaces the rules in force, because only `ok` outcomes carry rules.
 *
 * The folder is watched, not the file, since editors and Kubernetes replace files by renaming; a slow poll
 * covers file systems and links that send no events. A content counts only when two readings, one settle
 * time apart, agree: a file caught half written could be valid and lack its masks.
 */
import { readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RuleSet } from '../policy/rules.ts';
import type { Problem } from './problem.ts';
import { parseRules, rulesVersion } from './rules-file.ts';
import { fileFault } from './secrets.ts';

export type RulesOutcome =
  | { readonly kind: 'ok'; readonly rules: RuleSet }
  /** `version` is the rejected content's SHA-256; null where the file could not be read. */
  | { readonly kind: 'invalid'; readonly version: string | null; readonly problems: readonly Problem[] };

export type RulesWatch = {
  /** Reads now, tells the listener whatever is found, and returns it. For SIGHUP. */
  reload(): RulesOutcome;
  /** Stops watching; the listener is not called any more. */
  close(): void;
};

export type WatchTiming = { readonly settleMs: number; readonly pollMs: number };

/** Editors finish a save within some tens of ms; the poll is only a safety net. */
export const WATCH_TIMING: WatchTiming = { settleMs: 150, pollMs: 10_000 };

/** Reads and validates a rules file. Never throws. */
export function loadRules(file: string): RulesOutcome {
  const content = read(file);
  return Buffer.isBuffer(content) ? outcomeOf(content, file) : content;
}

/**
 * @param versionInForce the version already loaded, which is not reported again
 * @param listener called for each new content, valid or not, and on `reload`
 */
export function watchRules(
  file: string,
  versionInForce: string,
  listener: (outcome: RulesOutcome) => void,
  timing: WatchTiming = WATCH_TIMING,
): RulesWatch {
  let reported: string | null = versionInForce;
  let candidate: string | null | undefined;
  let settle: NodeJS.Timeout | null = null;
  let watcher: FSWatcher | null = null;
  let closed = false;

  const report = (outcome: RulesOutcome, key: string | null) => {
    reported = key;
    candidate = undefined;
    listener(outcome);
  };
  const check = () => {
    settle = null;
    if (closed) return;
    const content = read(file);
    const key = Buffer.isBuffer(content) ? rulesVersion(content) : null;
    if (key === reported) {
      candidate = undefined;
    } else if (key === candidate) {
      report(Buffer.isBuffer(content) ? outcomeOf(content, file) : content, key);
    } else {
      candidate = key;
      look();
    }
  };
  // an event never puts a pending check off: a busy neighbour in the folder (the store) would starve it
  const look = () => {
    if (!closed) settle ??= setTimeout(check, timing.settleMs).unref();
  };

  const poll = setInterval(() => {
    watcher ??= watchFolder(file, look, () => {
      watcher = null;
    });
    look();
  }, timing.pollMs).unref();
  watcher = watchFolder(file, look, () => {
    watcher = null;
  });
  look();

  return {
    reload() {
      const content = read(file);
      const outcome = Buffer.isBuffer(content) ? outcomeOf(content, file) : content;
      if (!closed) report(outcome, Buffer.isBuffer(content) ? rulesVersion(content) : null);
      return outcome;
    },
    close() {
      closed = true;
      if (settle !== null) clearTimeout(settle);
      clearInterval(poll);
      watcher?.close();
    },
  };
}

/** Null where the folder cannot be watched; the poll goes on. */
function watchFolder(file: string, look: () => void, lost: () => void): FSWatcher | null {
  try {
    // any name: a replaced link elsewhere in the folder (Kubernetes' ..data) changes the file too
    const watcher = watch(dirname(resolve(file)), { persistent: false }, look);
    watcher.on('error', () => {
      watcher.close();
      lost();
    });
    return watcher;
  } catch {
    return null;
  }
}

function read(file: string): Buffer | (RulesOutcome & { kind: 'invalid' }) {
  try {
    return readFileSync(file);
  } catch (error) {
    const message = `cannot read the rules file: ${fileFault(error)}`;
    return {
      kind: 'invalid',
      version: null,
      problems: [{ file, line: 1, column: 1, path: '', message, suggestion: null }],
    };
  }
}

function outcomeOf(content: Buffer, file: string): RulesOutcome {
  const reading = parseRules(content, file);
  return reading.kind === 'ok'
    ? reading
    : { kind: 'invalid', version: rulesVersion(content), problems: reading.problems };
}
