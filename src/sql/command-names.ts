/** The lower-case command of a statement, as rules.yaml names it: `drop table`, `copy to`, `set role`. */
import type { Body, BodyOf } from './tree.ts';

/** Object types whose SQL words are not the enumeration's own name. */
const OBJECT_WORDS = new Map([
  ['OBJECT_MATVIEW', 'materialized view'],
  ['OBJECT_TABCONSTRAINT', 'constraint'],
  ['OBJECT_DOMCONSTRAINT', 'constraint'],
  ['OBJECT_TSCONFIGURATION', 'text search configuration'],
  ['OBJECT_TSDICTIONARY', 'text search dictionary'],
  ['OBJECT_TSPARSER', 'text search parser'],
  ['OBJECT_TSTEMPLATE', 'text search template'],
  ['OBJECT_FDW', 'foreign data wrapper'],
  ['OBJECT_FOREIGN_SERVER', 'server'],
  ['OBJECT_OPCLASS', 'operator class'],
  ['OBJECT_OPFAMILY', 'operator family'],
  ['OBJECT_STATISTIC_EXT', 'statistics'],
  ['OBJECT_LARGEOBJECT', 'large object'],
]);

export function objectWords(type: string | undefined): string {
  const known = OBJECT_WORDS.get(type ?? '');
  return known ?? (type ?? '').replace('OBJECT_', '').replaceAll('_', ' ').toLowerCase();
}

const TRANSACTION_WORDS = new Map<string, string>([
  ['TRANS_STMT_START', 'start transaction'],
  ['TRANS_STMT_ROLLBACK_TO', 'rollback to savepoint'],
  ['TRANS_STMT_PREPARE', 'prepare transaction'],
]);

export function transactionWords(kind: string | undefined): string {
  const known = TRANSACTION_WORDS.get(kind ?? '');
  return known ?? (kind ?? '').replace('TRANS_STMT_', '').replaceAll('_', ' ').toLowerCase();
}

/** Objects of RENAME, SET SCHEMA and OWNER: a part of a table is altered with its table. */
const PARTS = new Set(['OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT', 'OBJECT_ATTRIBUTE']);

function renamedWords(body: BodyOf<'RenameStmt'>): string {
  const type = body.renameType;
  if (type === 'OBJECT_DOMCONSTRAINT') return 'alter domain';
  const isPart = type !== undefined && PARTS.has(type);
  if (isPart && type === 'OBJECT_ATTRIBUTE') return 'alter type';
  return `alter ${objectWords(isPart ? body.relationType : type)}`;
}

type Namer = (body: Body) => string;

const NAMERS: Readonly<Record<string, Namer>> = {
  SelectStmt: (body) => selectWords(body),
  InsertStmt: () => 'insert',
  UpdateStmt: () => 'update',
  DeleteStmt: () => 'delete',
  MergeStmt: () => 'merge',
  CopyStmt: (body) => (body['is_from'] === true ? 'copy from' : 'copy to'),
  FetchStmt: (body) => (body['ismove'] === true ? 'move' : 'fetch'),
  CreateTableAsStmt: (body) =>
    body['objtype'] === 'OBJECT_MATVIEW' ? 'create materialized view' : 'create table as',
  TransactionStmt: (body) => transactionWords(body['kind'] as string),
  VariableSetStmt: (body) => setWords(body),
  DropStmt: (body) => `drop ${objectWords(body['removeType'] as string)}`,
  AlterTableStmt: (body) => `alter ${objectWords(body['objtype'] as string)}`,
  AlterFunctionStmt: (body) => `alter ${objectWords(body['objtype'] as string)}`,
  RenameStmt: (body) => renamedWords(body),
  AlterObjectSchemaStmt: (body) => `alter ${objectWords(body['objectType'] as string)}`,
  AlterOwnerStmt: (body) => `alter ${objectWords(body['objectType'] as string)}`,
  AlterObjectDependsStmt: (body) => `alter ${objectWords(body['objectType'] as string)}`,
  DefineStmt: (body) => `create ${objectWords(body['kind'] as string)}`,
  GrantStmt: (body) => (body['is_grant'] === true ? 'grant' : 'revoke'),
  GrantRoleStmt: (body) => (body['is_grant'] === true ? 'grant' : 'revoke'),
  CreateRoleStmt: (body) => `create ${String(body['stmt_type']).replace('ROLESTMT_', '').toLowerCase()}`,
  CreateFunctionStmt: (body) => (body['is_procedure'] === true ? 'create procedure' : 'create function'),
  VacuumStmt: (body) => (body['is_vacuumcmd'] === true ? 'vacuum' : 'analyze'),
};

/** Statements with one name each. */
const WORDS = new Map(
  `CreateStmt create table|CreateForeignTableStmt create foreign table|CreateSchemaStmt create schema
  ViewStmt create view|IndexStmt create index|CreateSeqStmt create sequence|AlterSeqStmt alter sequence
  CreateDomainStmt create domain|AlterDomainStmt alter domain|CompositeTypeStmt create type
  CreateEnumStmt create type|CreateRangeStmt create type|AlterEnumStmt alter type|AlterTypeStmt alter type
  CreateStatsStmt create statistics|AlterStatsStmt alter statistics|CreatedbStmt create database
  AlterDatabaseStmt alter database|AlterDatabaseRefreshCollStmt alter database|DropdbStmt drop database
  AlterDatabaseSetStmt alter database|CreateTableSpaceStmt create tablespace
  DropTableSpaceStmt drop tablespace|AlterTableSpaceOptionsStmt alter tablespace
  AlterTableMoveAllStmt alter table all|AlterCollationStmt alter collation|CommentStmt comment
  CreateFdwStmt create foreign data wrapper|AlterFdwStmt alter foreign data wrapper
  CreateForeignServerStmt create server|AlterForeignServerStmt alter server
  CreateUserMappingStmt create user mapping|AlterUserMappingStmt alter user mapping
  DropUserMappingStmt drop user mapping|ImportForeignSchemaStmt import foreign schema
  CreatePolicyStmt create policy|AlterPolicyStmt alter policy|CreateAmStmt create access method
  CreateTrigStmt create trigger|CreateEventTrigStmt create event trigger
  AlterEventTrigStmt alter event trigger|CreatePLangStmt create language|RuleStmt create rule
  CreateExtensionStmt create extension|AlterExtensionStmt alter extension
  AlterExtensionContentsStmt alter extension|CreateOpClassStmt create operator class
  CreateOpFamilyStmt create operator family|AlterOpFamilyStmt alter operator family
  AlterOperatorStmt alter operator|CreateConversionStmt create conversion|CreateCastStmt create cast
  CreateTransformStmt create transform|AlterTSDictionaryStmt alter text search dictionary
  AlterTSConfigurationStmt alter text search configuration|CreatePublicationStmt create publication
  AlterPublicationStmt alter publication|CreateSubscriptionStmt create subscription
  AlterSubscriptionStmt alter subscription|DropSubscriptionStmt drop subscription
  ClusterStmt cluster|ReindexStmt reindex|RefreshMatViewStmt refresh materialized view
  AlterDefaultPrivilegesStmt alter default privileges|AlterRoleStmt alter role|AlterRoleSetStmt alter role
  DropRoleStmt drop role|DropOwnedStmt drop owned|ReassignOwnedStmt reassign owned
  SecLabelStmt security label|AlterSystemStmt alter system|CheckPointStmt checkpoint|LoadStmt load
  DoStmt do|CallStmt call|TruncateStmt truncate|LockStmt lock|ExplainStmt explain|PrepareStmt prepare
  ExecuteStmt execute|DeallocateStmt deallocate|DeclareCursorStmt declare|ClosePortalStmt close
  VariableShowStmt show|DiscardStmt discard|ListenStmt listen|UnlistenStmt unlisten|NotifyStmt notify
  ConstraintsSetStmt set constraints|ReturnStmt return`
    .split(/[|\n]/)
    .map((entry): [string, string] => {
      const [tag = '', ...words] = entry.trim().split(' ');
      return [tag, words.join(' ')];
    }),
);

function selectWords(body: BodyOf<'SelectStmt'>): string {
  if (body.intoClause !== undefined) return 'select into';
  return body.valuesLists === undefined ? 'select' : 'values';
}

function setWords(body: BodyOf<'VariableSetStmt'>): string {
  const verb = body.kind === 'VAR_RESET' || body.kind === 'VAR_RESET_ALL' ? 'reset' : 'set';
  if (body.name === 'role') return `${verb} role`;
  if (body.name === 'session_authorization') return `${verb} session authorization`;
  if (body.kind === 'VAR_SET_MULTI') return `set ${(body.name ?? '').toLowerCase()}`;
  return verb;
}

export function commandOf(tag: string, body: Body): string {
  const namer = Object.hasOwn(NAMERS, tag) ? NAMERS[tag] : undefined;
  return namer === undefined ? (WORDS.get(tag) ?? tag.replace(/Stmt$/, '').toLowerCase()) : namer(body);
}
