/**
 * What each kind of statement gives back, by its tag.
 *
 * Invariant: a tag that is not in these tables is lost. `silent` are statements that return no value of a
 * stored column, and store none that they have read; what they define is followed when it is used.
 */
import { as, type Node } from '../tree.ts';

export type Outcome =
  | { readonly kind: 'query' | 'contains' | 'explain' | 'create-as' | 'copy' }
  /** Returns columns of these names, made of no column. */
  | { readonly kind: 'silent'; readonly outputs: readonly string[] }
  | { readonly kind: 'lost'; readonly reason: string };

const FOLLOWED: ReadonlyMap<string, Outcome> = new Map<string, Outcome>([
  ['SelectStmt', { kind: 'query' }],
  ['InsertStmt', { kind: 'query' }],
  ['UpdateStmt', { kind: 'query' }],
  ['DeleteStmt', { kind: 'query' }],
  ['MergeStmt', { kind: 'query' }],
  ['PrepareStmt', { kind: 'contains' }],
  ['DeclareCursorStmt', { kind: 'contains' }],
  ['ExplainStmt', { kind: 'explain' }],
  ['CreateTableAsStmt', { kind: 'create-as' }],
  ['CopyStmt', { kind: 'copy' }],
]);

const LOST: ReadonlyMap<string, string> = new Map([
  ['ExecuteStmt', 'it runs a statement that was prepared before'],
  ['FetchStmt', 'it reads a cursor that was declared before'],
  ['CallStmt', 'a procedure may do anything'],
  ['DoStmt', 'a code block may do anything'],
  ['ReturnStmt', 'it stands in a function’s body'],
]);

const SILENT: ReadonlySet<string> = new Set(
  `
  CreateSchemaStmt AlterCollationStmt AlterDomainStmt GrantStmt GrantRoleStmt
  AlterDefaultPrivilegesStmt VariableSetStmt CreateStmt CreateTableSpaceStmt DropTableSpaceStmt
  AlterTableSpaceOptionsStmt AlterTableMoveAllStmt CreateExtensionStmt AlterExtensionStmt
  AlterExtensionContentsStmt CreateFdwStmt AlterFdwStmt CreateForeignServerStmt AlterForeignServerStmt
  CreateForeignTableStmt CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt
  ImportForeignSchemaStmt CreatePolicyStmt AlterPolicyStmt CreateAmStmt CreateTrigStmt CreateEventTrigStmt
  AlterEventTrigStmt CreatePLangStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt CreateSeqStmt
  AlterSeqStmt DefineStmt CreateDomainStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt DropStmt
  TruncateStmt CommentStmt SecLabelStmt ClosePortalStmt IndexStmt CreateStatsStmt AlterStatsStmt
  CreateFunctionStmt AlterFunctionStmt RenameStmt AlterObjectDependsStmt AlterObjectSchemaStmt
  AlterOwnerStmt AlterOperatorStmt AlterTypeStmt RuleStmt NotifyStmt ListenStmt UnlistenStmt TransactionStmt
  CompositeTypeStmt CreateEnumStmt CreateRangeStmt AlterEnumStmt ViewStmt LoadStmt CreatedbStmt
  AlterDatabaseStmt AlterDatabaseRefreshCollStmt AlterDatabaseSetStmt DropdbStmt AlterSystemStmt ClusterStmt
  VacuumStmt RefreshMatViewStmt CheckPointStmt DiscardStmt LockStmt ConstraintsSetStmt ReindexStmt
  CreateConversionStmt CreateCastStmt CreateTransformStmt DeallocateStmt DropOwnedStmt ReassignOwnedStmt
  AlterTSDictionaryStmt AlterTSConfigurationStmt CreatePublicationStmt AlterPublicationStmt
  CreateSubscriptionStmt AlterSubscriptionStmt DropSubscriptionStmt
  `
    .trim()
    .split(/\s+/),
);

export function outcomeOf(tag: string, node: Node | undefined): Outcome {
  const followed = FOLLOWED.get(tag);
  if (followed !== undefined) return followed;
  const reason = LOST.get(tag);
  if (reason !== undefined) return { kind: 'lost', reason };
  if (tag === 'VariableShowStmt') {
    const name = as(tag, node)?.name ?? '';
    return { kind: 'silent', outputs: name === 'all' ? ['name', 'setting', 'description'] : [name] };
  }
  if (tag === 'AlterTableStmt') return ofAlterTable(node);
  if (SILENT.has(tag)) return { kind: 'silent', outputs: [] };
  return { kind: 'lost', reason: `${tag} is a statement that lineage has no rule for` };
}

/** `ALTER COLUMN … TYPE … USING ssn` fills one column from another. */
function ofAlterTable(node: Node | undefined): Outcome {
  for (const item of as('AlterTableStmt', node)?.cmds ?? []) {
    const command = as('AlterTableCmd', item);
    if (command?.subtype !== 'AT_AlterColumnType') continue;
    if (as('ColumnDef', command.def)?.raw_default !== undefined)
      return { kind: 'lost', reason: 'ALTER COLUMN … USING rewrites stored values' };
  }
  return { kind: 'silent', outputs: [] };
}
