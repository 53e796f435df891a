/** Statements about the session itself: settings, transactions, cursors, prepared statements. */
import { commandOf } from '../command-names.ts';
import type { Reading } from '../reading.ts';
import { settingsOf } from '../set-statement.ts';
import { settingVerdict } from '../settings.ts';
import type { Body, BodyOf, Tag } from '../tree.ts';
import type { Act, Acts } from '../walk.ts';

const PLAIN: readonly Tag[] = [
  'VariableShowStmt',
  'PrepareStmt',
  'ExecuteStmt',
  'DeallocateStmt',
  'DeclareCursorStmt',
  'ClosePortalStmt',
  'DiscardStmt',
  'ListenStmt',
  'UnlistenStmt',
  'ConstraintsSetStmt',
  'ReturnStmt',
];

/** Transactions that outlive their session escape whatever is decided about it. */
const TWO_PHASE = new Set([
  'TRANS_STMT_PREPARE',
  'TRANS_STMT_COMMIT_PREPARED',
  'TRANS_STMT_ROLLBACK_PREPARED',
]);

function session(tag: Tag): Act<Tag> {
  return (body, reading) => {
    const command = commandOf(tag, body);
    reading.find('session', command, `${command.toUpperCase()} concerns this session only`);
  };
}

function set(body: BodyOf<'VariableSetStmt'>, reading: Reading): void {
  const command = commandOf('VariableSetStmt', body as Body);
  for (const setting of settingsOf(body)) {
    reading.settings.push(setting);
    const { action, why } = settingVerdict(setting.name, setting.value, setting.known);
    reading.find(action, command, `${command.toUpperCase()} ${setting.name} ${why}`);
  }
}

export const SESSION_ACTS: Acts = {
  ...(Object.fromEntries(PLAIN.map((tag) => [tag, session(tag)])) as Acts),
  VariableSetStmt: set,
  TransactionStmt(body, reading) {
    const command = commandOf('TransactionStmt', body as Body);
    if (TWO_PHASE.has(body.kind ?? '')) {
      reading.find('unknown', command, `${command.toUpperCase()} outlives the session it is judged in`);
      reading.sinks.add(command);
    } else {
      reading.find('session', command, `${command.toUpperCase()} concerns this session only`);
    }
  },
  NotifyStmt(_body, reading) {
    reading.sinks.add('notify');
    reading.find('session', 'notify', 'NOTIFY sends a message to other sessions');
  },
};
