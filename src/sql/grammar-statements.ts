/**
 * The fields of every utility statement, in the notation of `grammar-expressions.ts` and under the same
 * invariant: what is not listed here makes a statement unreadable.
 */
export const STATEMENT_NODES = `
ReturnStmt returnval?
CreateSchemaStmt schemaname authrole:RoleSpec schemaElts* if_not_exists
AlterTableStmt relation:RangeVar! cmds* objtype missing_ok
ReplicaIdentityStmt identity_type name
AlterCollationStmt collname*
AlterDomainStmt subtype typeName* name def? behavior missing_ok
GrantStmt is_grant targtype objtype objects*! privileges* grantees* grant_option grantor:RoleSpec behavior
GrantRoleStmt granted_roles* grantee_roles* is_grant opt* grantor:RoleSpec behavior
AlterDefaultPrivilegesStmt options* action:GrantStmt
CopyStmt relation:RangeVar query? attlist* is_from is_program filename options* whereClause?
VariableSetStmt kind name args* jumble_args is_local location
VariableShowStmt name
CreateStmt relation:RangeVar! tableElts* inhRelations* partbound:PartitionBoundSpec partspec:PartitionSpec
  ofTypename:TypeName constraints* nnconstraints* options* oncommit tablespacename accessMethod
  if_not_exists
CreateTableSpaceStmt tablespacename owner:RoleSpec location options*
DropTableSpaceStmt tablespacename missing_ok
AlterTableSpaceOptionsStmt tablespacename options* isReset
AlterTableMoveAllStmt orig_tablespacename objtype roles* new_tablespacename nowait
CreateExtensionStmt extname if_not_exists options*
AlterExtensionStmt extname options*
AlterExtensionContentsStmt extname action objtype object?
CreateFdwStmt fdwname func_options* options*
AlterFdwStmt fdwname func_options* options*
CreateForeignServerStmt servername servertype version fdwname if_not_exists options*
AlterForeignServerStmt servername version options* has_version
CreateForeignTableStmt base:CreateStmt servername options*
CreateUserMappingStmt user:RoleSpec servername if_not_exists options*
AlterUserMappingStmt user:RoleSpec servername options*
DropUserMappingStmt user:RoleSpec servername missing_ok
ImportForeignSchemaStmt server_name remote_schema local_schema list_type table_list* options*
CreatePolicyStmt policy_name table:RangeVar! cmd_name permissive roles* qual? with_check?
AlterPolicyStmt policy_name table:RangeVar! roles* qual? with_check?
CreateAmStmt amname handler_name* amtype
CreateTrigStmt replace isconstraint trigname relation:RangeVar! funcname* args* row timing events columns*
  whenClause? transitionRels* deferrable initdeferred constrrel:RangeVar
CreateEventTrigStmt trigname eventname whenclause* funcname*
AlterEventTrigStmt trigname tgenabled
CreatePLangStmt replace plname plhandler* plinline* plvalidator* pltrusted
CreateRoleStmt stmt_type role options*
AlterRoleStmt role:RoleSpec options* action
AlterRoleSetStmt role:RoleSpec database setstmt:VariableSetStmt
DropRoleStmt roles* missing_ok
CreateSeqStmt sequence:RangeVar! options* ownerId for_identity if_not_exists
AlterSeqStmt sequence:RangeVar! options* for_identity missing_ok
DefineStmt kind oldstyle defnames* args* definition* if_not_exists replace
CreateDomainStmt domainname* typeName:TypeName collClause:CollateClause constraints*
CreateOpClassStmt opclassname* opfamilyname* amname datatype:TypeName items* isDefault
CreateOpFamilyStmt opfamilyname* amname
AlterOpFamilyStmt opfamilyname* amname isDrop items*
DropStmt objects* removeType behavior missing_ok concurrent
TruncateStmt relations*! restart_seqs behavior
CommentStmt objtype object? comment
SecLabelStmt objtype object? provider label
DeclareCursorStmt portalname options query?
ClosePortalStmt portalname
FetchStmt direction howMany portalname ismove
IndexStmt idxname relation:RangeVar! accessMethod tableSpace indexParams* indexIncludingParams* options*
  whereClause? excludeOpNames* idxcomment indexOid oldNumber oldCreateSubid oldFirstRelfilelocatorSubid
  unique nulls_not_distinct primary isconstraint iswithoutoverlaps deferrable initdeferred transformed
  concurrent if_not_exists reset_default_tblspc
CreateStatsStmt defnames* stat_types* exprs* relations* stxcomment transformed if_not_exists
AlterStatsStmt defnames* stxstattarget? missing_ok
CreateFunctionStmt is_procedure replace funcname* parameters* returnType:TypeName options* sql_body?
AlterFunctionStmt objtype func:ObjectWithArgs actions*
DoStmt args*
CallStmt funccall:FuncCall funcexpr outargs*
RenameStmt renameType relationType relation:RangeVar! object? subname newname behavior missing_ok
AlterObjectDependsStmt objectType relation:RangeVar! object? extname:String remove
AlterObjectSchemaStmt objectType relation:RangeVar! object? newschema missing_ok
AlterOwnerStmt objectType relation:RangeVar! object? newowner:RoleSpec
AlterOperatorStmt opername:ObjectWithArgs options*
AlterTypeStmt typeName* options*
RuleStmt relation:RangeVar! rulename whereClause? event instead actions* replace
NotifyStmt conditionname payload
ListenStmt conditionname
UnlistenStmt conditionname
TransactionStmt kind options* savepoint_name gid chain location
CompositeTypeStmt typevar coldeflist*
CreateEnumStmt typeName* vals*
CreateRangeStmt typeName* params*
AlterEnumStmt typeName* oldVal newVal newValNeighbor newValIsAfter skipIfNewValExists
ViewStmt view:RangeVar! aliases* query? replace options* withCheckOption
LoadStmt filename
CreatedbStmt dbname options*
AlterDatabaseStmt dbname options*
AlterDatabaseRefreshCollStmt dbname
AlterDatabaseSetStmt dbname setstmt:VariableSetStmt
DropdbStmt dbname missing_ok options*
AlterSystemStmt setstmt:VariableSetStmt
ClusterStmt relation:RangeVar! indexname params*
VacuumStmt options* rels* is_vacuumcmd
ExplainStmt query? options*
CreateTableAsStmt query? into:IntoClause objtype is_select_into if_not_exists
RefreshMatViewStmt concurrent skipData relation:RangeVar!
CheckPointStmt
DiscardStmt target
LockStmt relations*! mode nowait
ConstraintsSetStmt constraints deferred
ReindexStmt kind relation:RangeVar! name params*
CreateConversionStmt conversion_name* for_encoding_name to_encoding_name func_name* def
CreateCastStmt sourcetype:TypeName targettype:TypeName func:ObjectWithArgs context inout
CreateTransformStmt replace type_name:TypeName lang fromsql:ObjectWithArgs tosql:ObjectWithArgs
PrepareStmt name argtypes* query?
ExecuteStmt name params*
DeallocateStmt name isall location
DropOwnedStmt roles* behavior
ReassignOwnedStmt roles* newrole:RoleSpec
AlterTSDictionaryStmt dictname* options*
AlterTSConfigurationStmt kind cfgname* tokentype* dicts* override replace missing_ok
CreatePublicationStmt pubname options* pubobjects* for_all_tables
AlterPublicationStmt pubname options* pubobjects* for_all_tables action
CreateSubscriptionStmt subname conninfo publication* options*
AlterSubscriptionStmt kind subname conninfo publication* options*
DropSubscriptionStmt subname missing_ok behavior
`;
