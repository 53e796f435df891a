/** DDL, and the DDL that installs code. */
import { commandOf, objectWords } from '../command-names.ts';
import type { Reading } from '../reading.ts';
import { as, type Body, type Tag } from '../tree.ts';
import type { Act, Acts } from '../walk.ts';
import { nameOf } from './data.ts';

/** Statements that only change definitions. */
const PLAIN: readonly Tag[] = [
  'CreateStmt',
  'CreateForeignTableStmt',
  'CreateSchemaStmt',
  'ViewStmt',
  'IndexStmt',
  'CreateSeqStmt',
  'AlterSeqStmt',
  'CreateDomainStmt',
  'AlterDomainStmt',
  'CompositeTypeStmt',
  'CreateEnumStmt',
  'CreateRangeStmt',
  'AlterEnumStmt',
  'CreateStatsStmt',
  'AlterStatsStmt',
  'CreatedbStmt',
  'AlterDatabaseStmt',
  'AlterDatabaseRefreshCollStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterTableSpaceOptionsStmt',
  'AlterTableMoveAllStmt',
  'AlterCollationStmt',
  'CommentStmt',
  'CreateForeignServerStmt',
  'AlterForeignServerStmt',
  'ImportForeignSchemaStmt',
  'CreateOpFamilyStmt',
  'AlterTSDictionaryStmt',
  'AlterTSConfigurationStmt',
  'DropSubscriptionStmt',
  'ClusterStmt',
  'ReindexStmt',
  'VacuumStmt',
  'AlterObjectDependsStmt',
];

/** Statements that make PostgreSQL run somebody's code from now on. */
const INSTALLS_CODE: readonly Tag[] = [
  'CreateFunctionStmt',
  'AlterFunctionStmt',
  'CreateTrigStmt',
  'CreateEventTrigStmt',
  'AlterEventTrigStmt',
  'CreatePLangStmt',
  'RuleStmt',
  'CreateExtensionStmt',
  'AlterExtensionStmt',
  'AlterExtensionContentsStmt',
  'CreateOpClassStmt',
  'AlterOpFamilyStmt',
  'AlterOperatorStmt',
  'CreateConversionStmt',
  'CreateCastStmt',
  'CreateTransformStmt',
  'CreateAmStmt',
  'CreateFdwStmt',
  'AlterFdwStmt',
  'AlterTypeStmt',
];

/** Definitions of these kinds name functions that PostgreSQL will call. */
const DEFINES_CODE = new Set([
  'OBJECT_OPERATOR',
  'OBJECT_AGGREGATE',
  'OBJECT_TYPE',
  'OBJECT_TSPARSER',
  'OBJECT_TSTEMPLATE',
]);

const POLICY_OBJECTS = new Set(['OBJECT_POLICY', 'OBJECT_ROLE']);

/** ALTER TABLE's sub-commands that decide who sees what. */
const PRIVILEGE_SUBCOMMANDS = new Set([
  'AT_ChangeOwner',
  'AT_EnableRowSecurity',
  'AT_DisableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_NoForceRowSecurity',
]);

function ddl(tag: Tag, body: object, reading: Reading): string {
  const command = commandOf(tag, body as Body);
  reading.find('ddl', command, `${command.toUpperCase()} changes definitions`);
  return command;
}

function acts(tags: readonly Tag[], make: (tag: Tag) => Act<Tag>): Acts {
  return Object.fromEntries(tags.map((tag) => [tag, make(tag)]));
}

function plain(tag: Tag): Act<Tag> {
  return (body, reading) => {
    ddl(tag, body, reading);
  };
}

function installsCode(tag: Tag): Act<Tag> {
  return (body, reading) => {
    const command = ddl(tag, body, reading);
    reading.find('code', command, `${command.toUpperCase()} makes the server run code from now on`);
  };
}

function publishes(tag: Tag): Act<Tag> {
  return (body, reading) => {
    const command = ddl(tag, body, reading);
    reading.find('export', command, `${command.toUpperCase()} lets rows leave by replication`);
  };
}

function subscribes(tag: Tag): Act<Tag> {
  return (body, reading) => {
    const command = ddl(tag, body, reading);
    reading.find('export', command, `${command.toUpperCase()} makes the server connect to another one`);
    reading.find('write', command, `${command.toUpperCase()} takes in rows from another server`);
  };
}

function privilegeToo(command: string, why: string, reading: Reading): void {
  reading.find('privilege', command, `${command.toUpperCase()} ${why}`);
}

export const DEFINITION_ACTS: Acts = {
  ...acts(PLAIN, plain),
  ...acts(INSTALLS_CODE, installsCode),
  ...acts(['CreatePublicationStmt', 'AlterPublicationStmt'], publishes),
  ...acts(['CreateSubscriptionStmt', 'AlterSubscriptionStmt'], subscribes),
  DropStmt(body, reading) {
    const command = ddl('DropStmt', body, reading);
    if (POLICY_OBJECTS.has(body.removeType ?? '')) privilegeToo(command, 'changes who may see what', reading);
  },
  DefineStmt(body, reading) {
    const command = ddl('DefineStmt', body, reading);
    if (DEFINES_CODE.has(body.kind ?? '')) {
      reading.find('code', command, `${command.toUpperCase()} makes the server run code from now on`);
    }
  },
  AlterTableStmt(body, reading) {
    const command = ddl('AlterTableStmt', body, reading);
    for (const item of body.cmds ?? []) {
      if (PRIVILEGE_SUBCOMMANDS.has(as('AlterTableCmd', item)?.subtype ?? '')) {
        privilegeToo(command, `changes who may see what in ${nameOf(body.relation)}`, reading);
      }
    }
  },
  RenameStmt(body, reading) {
    const command = ddl('RenameStmt', body, reading);
    if (POLICY_OBJECTS.has(body.renameType ?? ''))
      privilegeToo(command, 'changes a role or a policy', reading);
  },
  AlterObjectSchemaStmt: plain('AlterObjectSchemaStmt') as Act<'AlterObjectSchemaStmt'>,
  AlterOwnerStmt(body, reading) {
    const command = ddl('AlterOwnerStmt', body, reading);
    privilegeToo(command, `gives the ${objectWords(body.objectType)} another owner`, reading);
  },
  CreatePolicyStmt(body, reading) {
    privilegeToo(ddl('CreatePolicyStmt', body, reading), 'changes who may see what', reading);
  },
  AlterPolicyStmt(body, reading) {
    privilegeToo(ddl('AlterPolicyStmt', body, reading), 'changes who may see what', reading);
  },
  RefreshMatViewStmt(body, reading) {
    const command = ddl('RefreshMatViewStmt', body, reading);
    if (body.skipData !== true) {
      reading.storesWhatItReads = true;
      reading.find('write', command, `${command.toUpperCase()} stores what the view reads`);
    }
  },
  ...userMappings(),
};

function userMappings(): Acts {
  const make =
    (tag: Tag): Act<Tag> =>
    (body, reading) => {
      privilegeToo(ddl(tag, body, reading), 'changes credentials for another server', reading);
    };
  return acts(['CreateUserMappingStmt', 'AlterUserMappingStmt', 'DropUserMappingStmt'], make);
}
