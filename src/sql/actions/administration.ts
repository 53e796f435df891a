/** Privileges, server configuration, and statements that run code at once. */
import { commandOf } from '../command-names.ts';
import type { Action } from '../statement.ts';
import type { Tag } from '../tree.ts';
import type { Act, Acts } from '../walk.ts';

type Entry = readonly [tag: Tag, actions: readonly Action[], why: string];

const ENTRIES: readonly Entry[] = [
  ['GrantStmt', ['privilege'], 'changes privileges'],
  ['GrantRoleStmt', ['privilege'], 'changes who belongs to a role'],
  ['AlterDefaultPrivilegesStmt', ['privilege'], 'changes privileges of objects to come'],
  ['CreateRoleStmt', ['privilege'], 'creates a role'],
  ['AlterRoleStmt', ['privilege'], 'changes a role'],
  ['AlterRoleSetStmt', ['privilege', 'config'], 'changes the settings a role starts with'],
  ['DropRoleStmt', ['privilege'], 'removes a role'],
  ['DropOwnedStmt', ['privilege', 'ddl'], 'drops and revokes all that a role has'],
  ['ReassignOwnedStmt', ['privilege'], 'gives all that a role has to another'],
  ['SecLabelStmt', ['privilege'], 'changes a security label'],
  ['AlterSystemStmt', ['config'], 'changes the server’s configuration'],
  ['AlterDatabaseSetStmt', ['config'], 'changes the settings sessions start with'],
  ['CheckPointStmt', ['config'], 'acts on the whole server'],
  ['LoadStmt', ['code'], 'loads a library into the server'],
  ['DoStmt', ['code'], 'runs a block of code'],
  ['CallStmt', ['code'], 'runs a procedure'],
];

export const ADMINISTRATION_ACTS: Acts = Object.fromEntries(
  ENTRIES.map(([tag, actions, why]): [Tag, Act<Tag>] => [
    tag,
    (body, reading) => {
      const command = commandOf(tag, body);
      for (const action of actions) reading.find(action, command, `${command.toUpperCase()} ${why}`);
    },
  ]),
);
