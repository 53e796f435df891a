/**
 * What a client asks for at start-up, judged as the same SET would be. Start-up settings reach the
 * database before any statement does, so they must not be a way around the gate.
 */
import { PosternError } from '../errors.ts';
import type { Gate } from '../gate/gate.ts';
import { checkOwnSetting } from '../session/own-settings.ts';
import { keepsPin } from '../session/settings.ts';
import type { Startup } from './client-startup.ts';

const OWN: ReadonlySet<string> = new Set(['user', 'database', 'replication', 'options']);

/**
 * The settings to send upstream: the client's, checked, and Postern's pins.
 * @throws PosternError `replication-denied`, `setting-pinned`, `statement-denied`, `bad-input`
 */
export function startSettings(startup: Startup, gate: Gate): ReadonlyMap<string, string> {
  const replication = startup.parameters.get('replication');
  if (replication !== undefined && !/^(false|off|no|0)$/i.test(replication))
    throw new PosternError('replication-denied');
  const asked = new Map<string, string>();
  for (const [name, value] of startup.parameters) {
    if (!OWN.has(name)) asked.set(name, value);
  }
  for (const [name, value] of optionSettings(startup.parameters.get('options') ?? '')) asked.set(name, value);
  const settings = new Map<string, string>();
  for (const [name, value] of asked) {
    // Drivers announce the encoding of their terminal here; Postern's is UTF8 and the server says so back.
    if (name.toLowerCase() === 'client_encoding') continue;
    check(name, value, gate);
    settings.set(name, value);
  }
  settings.set('client_encoding', 'UTF8');
  settings.set('standard_conforming_strings', 'on');
  return settings;
}

function check(name: string, value: string, gate: Gate): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/.test(name)) {
    throw new PosternError('bad-input', { reason: 'a start-up setting has a name that is none' });
  }
  checkOwnSetting(name, value);
  if (!keepsPin(name, value)) throw new PosternError('setting-pinned', { name });
  const judged = gate.judge.judge(`SET ${name} = '${value.replaceAll("'", "''")}'`, false);
  if (judged.judgement.verdict === 'allow') return;
  throw gate.refusal(judged, `start-up setting ${name}: a SET of it would not be allowed without approval`);
}

/**
 * `options` as the server splits it: blanks separate, a backslash quotes, `-c name=value` and
 * `--name=value` set. Source: pg_split_opts and process_postgres_switches, PostgreSQL.
 */
function* optionSettings(options: string): Generator<readonly [string, string]> {
  const words = (options.match(/(?:\\[^]|[^\s\\])+/g) ?? []).map((word) => word.replaceAll(/\\([^])/g, '$1'));
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? '';
    let setting: string | undefined;
    if (word === '-c') {
      i += 1;
      setting = words[i];
    } else if (word.startsWith('-c')) setting = word.slice(2);
    else if (word.startsWith('--')) setting = word.slice(2);
    const equals = setting?.indexOf('=') ?? -1;
    if (setting === undefined || equals < 1) {
      throw new PosternError('bad-input', {
        reason: 'the start-up options hold something other than settings',
      });
    }
    yield [setting.slice(0, equals).replaceAll('-', '_'), setting.slice(equals + 1)];
  }
}
