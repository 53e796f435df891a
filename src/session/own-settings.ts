/**
 * Postern's own settings, which an agent sets like any other: how its statements are held, why it asks, and
 * what it asks to see. They go on to the database as well, where any name with a dot is legal, so that SHOW
 * answers as the agent expects. A statement that sets one to what means nothing is refused, for a typing
 * error must not look like a setting.
 */
import { PosternError } from '../errors.ts';
import { withoutDeceptive } from '../sql/display.ts';
import { MAX_REASON_LENGTH } from '../sql/limits.ts';
import { readColumns } from '../policy/column-list.ts';
import type { Statement } from '../sql/statement.ts';
import type { SessionSettings } from './session-settings.ts';

export const OWN = { hold: 'postern.hold', reason: 'postern.reason', unmask: 'postern.unmask' } as const;

const PREFIX = 'postern.';

/** Whether a statement changes one of Postern's own settings, by name or with all others. */
export function setsOwn(statements: readonly Statement[]): boolean {
  return statements.some((s) => s.settings.some(({ name }) => name.toLowerCase().startsWith(PREFIX)));
}

/** @throws PosternError `setting-invalid` */
export function checkOwnSettings(statements: readonly Statement[]): void {
  for (const { settings } of statements) {
    for (const { name, value, known } of settings) {
      if (known) checkOwnSetting(name, value);
      else if (name.toLowerCase().startsWith(PREFIX)) throw invalid(name, 'its value must be written out');
    }
  }
}

/** Nothing for settings that are not Postern's. @throws PosternError `setting-invalid` */
export function checkOwnSetting(written: string, value: string | null): void {
  const name = written.toLowerCase();
  if (!name.startsWith(PREFIX)) return;
  const said = value ?? '';
  switch (name) {
    case OWN.hold:
      if (!['', 'wait', 'return'].includes(said.toLowerCase())) throw invalid(name, 'it is wait or return');
      return;
    case OWN.reason:
      return;
    case OWN.unmask: {
      const columns = readColumns(said);
      if (columns === null)
        throw invalid(name, 'it is a list of columns, each with its table: customers.email, customers.phone');
      return;
    }
    default:
      throw invalid(name, 'there is no such setting');
  }
}

function invalid(name: string, reason: string): PosternError {
  return new PosternError('setting-invalid', { name: withoutDeceptive(name).slice(0, 63), reason });
}

/** The agent asked for an error in place of a wait. */
export function returnsHolds(settings: SessionSettings): boolean {
  return settings.get(OWN.hold)?.toLowerCase() === 'return';
}

/** Why the agent says it sends what it sends, on one line and without characters that deceive. */
export function sessionReason(settings: SessionSettings): string | null {
  const words = withoutDeceptive((settings.get(OWN.reason) ?? '').replaceAll(/\s+/g, ' ')).trim();
  return words === '' ? null : words.slice(0, MAX_REASON_LENGTH).toWellFormed();
}
