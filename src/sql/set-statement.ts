/** SET and RESET in every form, as settings with names and values. */
import type { Effect, SettingTouched } from './statement.ts';
import { as, constantText, type BodyOf } from './tree.ts';

type SetStmt = BodyOf<'VariableSetStmt'>;

function valueOf(body: SetStmt): string | null {
  const values = (body.args ?? []).map((arg) => constantText(arg) ?? '');
  return values.length === 0 ? null : values.join(', ');
}

/** `SET TRANSACTION` and `SET SESSION CHARACTERISTICS` set several at once. */
function multiSettings(body: SetStmt): SettingTouched[] {
  const prefix = body.name === 'SESSION CHARACTERISTICS' ? 'default_' : '';
  return (body.args ?? []).map((arg) => {
    const option = as('DefElem', arg);
    if (option === undefined) return { name: 'transaction_snapshot', value: constantText(arg), known: true };
    return { name: prefix + (option.defname ?? ''), value: constantText(option.arg), known: true };
  });
}

/** The settings a statement changes; RESET ALL is the name `all`. */
export function settingsOf(body: SetStmt): SettingTouched[] {
  if (body.kind === 'VAR_SET_MULTI') return multiSettings(body);
  const name = body.kind === 'VAR_RESET_ALL' ? 'all' : (body.name ?? '').toLowerCase();
  return [
    {
      name,
      value: body.kind === 'VAR_SET_VALUE' ? valueOf(body) : null,
      known: body.kind !== 'VAR_SET_CURRENT',
      ...(body.is_local === true ? { local: true as const } : {}),
    },
  ];
}

export function setEffect(body: SetStmt): Effect {
  const [first] = settingsOf(body);
  const local = body.is_local === true;
  if (body.kind !== 'VAR_SET_MULTI') {
    return { kind: 'set', name: first?.name ?? '', value: first?.value ?? null, local };
  }
  const value = settingsOf(body)
    .map((setting) => `${setting.name} ${setting.value ?? ''}`)
    .join(', ');
  return {
    kind: 'set',
    name: (body.name ?? '').toLowerCase(),
    value,
    local: body.name !== 'SESSION CHARACTERISTICS',
  };
}
