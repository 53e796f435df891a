/**
 * The fields of every node a raw parse tree can hold, other than utility statements: facts about PostgreSQL
 * 18's `parsenodes.h` and `primnodes.h` as libpg-query prints them in JSON.
 *
 * Invariant: a node or a field that is not in these tables makes a statement unreadable, so a newer parser
 * can never smuggle a sub-tree past the walk. `test/sql/grammar.test.ts` holds them against the parser's
 * own type list. Non-goal: nodes that exist only after analysis (`Var`, `Query`, …); see the test.
 *
 * Notation: `f` is a scalar, `f?` a tagged node, `f*` a list of tagged nodes, `f:Tag` a node whose tag is
 * implied. `!` says that the field names a relation that is the object of a command: never a CTE.
 */
export const EXPRESSION_NODES = `
Integer ival
Float fval
Boolean boolval
String sval
BitString bsval
List items*
A_Const ival:Integer fval:Float boolval:Boolean sval:String bsval:BitString isnull location
Alias aliasname colnames*
RangeVar catalogname schemaname relname inh relpersistence alias:Alias location
IntoClause rel:RangeVar! colNames* accessMethod options* onCommit tableSpaceName viewQuery skipData
GroupingFunc args* refs* agglevelsup location
MergeSupportFunc msftype msfcollid location
NamedArgExpr arg? name argnumber location
BoolExpr boolop args* location
SubLink subLinkType subLinkId testexpr? operName* subselect? location
CaseExpr casetype casecollid arg? args* defresult? location
CaseWhen expr? result? location
RowExpr args* row_typeid row_format colnames* location
CoalesceExpr coalescetype coalescecollid args* location
MinMaxExpr minmaxtype minmaxcollid inputcollid op args* location
SQLValueFunction op type typmod location
XmlExpr op name named_args* arg_names* args* xmloption indent type typmod location
JsonFormat format_type encoding location
JsonReturning format:JsonFormat typid typmod
JsonValueExpr raw_expr? formatted_expr? format:JsonFormat
JsonIsPredicate expr? format:JsonFormat item_type unique_keys location
JsonBehavior btype expr? coerce location
NullTest arg? nulltesttype argisrow location
BooleanTest arg? booltesttype location
SetToDefault typeId typeMod collation location
CurrentOfExpr cvarno cursor_name cursor_param
JoinExpr jointype isNatural larg? rarg? usingClause* join_using_alias:Alias quals? alias:Alias rtindex
TypeName names* typeOid setof pct_type typmods* typemod arrayBounds* location
ColumnRef fields* location
ParamRef number location
A_Expr kind name* lexpr? rexpr? rexpr_list_start rexpr_list_end location
TypeCast arg? typeName:TypeName location
CollateClause arg? collname* location
RoleSpec roletype rolename location
FuncCall funcname* args* agg_order* agg_filter? over:WindowDef agg_within_group agg_star agg_distinct
  func_variadic funcformat location
A_Star
A_Indices is_slice lidx? uidx?
A_Indirection arg? indirection*
A_ArrayExpr elements* list_start list_end location
ResTarget name indirection* val? location
MultiAssignRef source? colno ncolumns
SortBy node? sortby_dir sortby_nulls useOp* location
WindowDef name refname partitionClause* orderClause* frameOptions startOffset? endOffset? location
RangeSubselect lateral subquery? alias:Alias
RangeFunction lateral ordinality is_rowsfrom functions* alias:Alias coldeflist*
RangeTableFunc lateral docexpr? rowexpr? namespaces* columns* alias:Alias location
RangeTableFuncCol colname typeName:TypeName for_ordinality is_not_null colexpr? coldefexpr? location
RangeTableSample relation? method* args* repeatable? location
ColumnDef colname typeName:TypeName compression inhcount is_local is_not_null is_from_type storage
  storage_name raw_default? cooked_default identity identitySequence generated collClause:CollateClause
  collOid constraints* fdwoptions* location
TableLikeClause relation:RangeVar options relationOid
IndexElem name expr? indexcolname collation* opclass* opclassopts* ordering nulls_ordering
DefElem defnamespace defname arg? defaction location
LockingClause lockedRels strength waitPolicy
XmlSerialize xmloption expr? typeName:TypeName indent location
PartitionElem name expr? collation* opclass* location
PartitionSpec strategy partParams* location
PartitionBoundSpec strategy is_default modulus remainder listdatums* lowerdatums* upperdatums* location
PartitionRangeDatum kind value? location
PartitionCmd name:RangeVar! bound:PartitionBoundSpec concurrent
GroupingSet kind content* location
WithClause ctes* recursive location
InferClause indexElems* whereClause? conname location
OnConflictClause action infer:InferClause targetList* whereClause? location
CTESearchClause search_col_list* search_breadth_first search_seq_column location
CTECycleClause cycle_col_list* cycle_mark_column cycle_mark_value? cycle_mark_default? cycle_path_column
  location cycle_mark_type cycle_mark_typmod cycle_mark_collation cycle_mark_neop
CommonTableExpr ctename aliascolnames* ctematerialized ctequery? search_clause:CTESearchClause
  cycle_clause:CTECycleClause location cterecursive cterefcount ctecolnames* ctecoltypes* ctecoltypmods*
  ctecolcollations*
MergeWhenClause matchKind commandType override condition? targetList* values*
ReturningOption option value location
ReturningClause options* exprs*
TriggerTransition name isNew isTable
JsonOutput typeName:TypeName returning
JsonArgument val:JsonValueExpr name
JsonFuncExpr op column_name context_item:JsonValueExpr pathspec? passing* output:JsonOutput
  on_empty:JsonBehavior on_error:JsonBehavior wrapper quotes location
JsonTablePathSpec string? name name_location location
JsonTable context_item:JsonValueExpr pathspec:JsonTablePathSpec passing* columns* on_error:JsonBehavior
  alias:Alias lateral location
JsonTableColumn coltype name typeName:TypeName pathspec:JsonTablePathSpec format:JsonFormat wrapper quotes
  columns* on_empty:JsonBehavior on_error:JsonBehavior location
JsonKeyValue key? value:JsonValueExpr
JsonParseExpr expr:JsonValueExpr output:JsonOutput unique_keys location
JsonScalarExpr expr? output:JsonOutput location
JsonSerializeExpr expr:JsonValueExpr output:JsonOutput location
JsonObjectConstructor exprs* output:JsonOutput absent_on_null unique location
JsonArrayConstructor exprs* output:JsonOutput absent_on_null location
JsonArrayQueryConstructor query? output:JsonOutput format:JsonFormat absent_on_null location
JsonAggConstructor output:JsonOutput agg_filter? agg_order* over:WindowDef location
JsonObjectAgg constructor:JsonAggConstructor arg:JsonKeyValue absent_on_null unique
JsonArrayAgg constructor:JsonAggConstructor arg:JsonValueExpr absent_on_null
InsertStmt relation:RangeVar! cols* selectStmt? onConflictClause:OnConflictClause
  returningClause:ReturningClause withClause:WithClause override
DeleteStmt relation:RangeVar! usingClause* whereClause? returningClause:ReturningClause
  withClause:WithClause
UpdateStmt relation:RangeVar! targetList* whereClause? fromClause* returningClause:ReturningClause
  withClause:WithClause
MergeStmt relation:RangeVar! sourceRelation? joinCondition? mergeWhenClauses*
  returningClause:ReturningClause withClause:WithClause
SelectStmt distinctClause* intoClause:IntoClause targetList* fromClause* whereClause? groupClause*
  groupDistinct havingClause? windowClause* valuesLists* sortClause* limitOffset? limitCount? limitOption
  lockingClause* withClause:WithClause op all larg:SelectStmt rarg:SelectStmt
AlterTableCmd subtype name num newowner:RoleSpec def? behavior missing_ok recurse
ATAlterConstraint conname alterEnforceability is_enforced alterDeferrability deferrable initdeferred
  alterInheritability noinherit
ObjectWithArgs objname* objargs* objfuncargs* args_unspecified
AccessPriv priv_name cols*
Constraint contype conname deferrable initdeferred is_enforced skip_validation initially_valid
  is_no_inherit raw_expr? cooked_expr generated_when generated_kind nulls_not_distinct keys*
  without_overlaps including* exclusions* options* indexname indexspace reset_default_tblspc access_method
  where_clause? pktable:RangeVar fk_attrs* pk_attrs* fk_with_period pk_with_period fk_matchtype
  fk_upd_action fk_del_action fk_del_set_cols* old_conpfeqop* old_pktable_oid location
CreateOpClassItem itemtype name:ObjectWithArgs number order_family* class_args* storedtype:TypeName
StatsElem name expr?
FunctionParameter name argType:TypeName mode defexpr? location
VacuumRelation relation:RangeVar! oid va_cols*
PublicationTable relation:RangeVar whereClause? columns*
PublicationObjSpec pubobjtype name pubtable:PublicationTable location
`;
