/**
 * Utility statements that hold other statements, or name relations in ways of their own.
 *
 * What is only stored (a view's body, a rule's actions) or planned (EXPLAIN without ANALYZE) is `dormant`:
 * its relations and functions count, what it would do does not.
 */
import { explainRuns } from './actions/data.ts';
import type { Reading } from './reading.ts';
import { objectRelations, relationNamed } from './relation-visits.ts';
import { as, namesOf, tagOf, type Node, type Tag } from './tree.ts';
import type { Scope, Visits, Visit, Walk } from './walk.ts';

function dormant(tag: Tag) {
  return (body: object, reading: Reading, scope: Scope, walk: Walk): void => {
    reading.dormant++;
    walk.children(tag, body, reading, scope);
    reading.dormant--;
  };
}

/** The inner statement's rows are this statement's rows. */
function contains(tag: 'PrepareStmt' | 'DeclareCursorStmt' | 'CreateTableAsStmt') {
  return (body: { readonly query?: Node }, reading: Reading, scope: Scope, walk: Walk): void => {
    makeTop(body.query, reading);
    walk.children(tag, body, reading, scope);
  };
}

function makeTop(query: Node | undefined, reading: Reading): void {
  reading.top = query === undefined ? null : (as(tagOf(query) as Tag, query) ?? null);
}

export const STATEMENT_VISITS: Visits = {
  ViewStmt: dormant('ViewStmt'),
  CreateFunctionStmt: dormant('CreateFunctionStmt'),
  CreatePolicyStmt: dormant('CreatePolicyStmt'),
  AlterPolicyStmt: dormant('AlterPolicyStmt'),
  RuleStmt(body, reading, scope, walk) {
    for (const name of ['old', 'new']) reading.range(name);
    dormant('RuleStmt')(body, reading, scope, walk);
  },
  CreateTrigStmt(body, reading, scope, walk) {
    for (const name of ['old', 'new']) reading.range(name);
    reading.name('functions', namesOf(body.funcname));
    walk.children('CreateTrigStmt', body, reading, scope);
  },
  CreateEventTrigStmt(body, reading, scope, walk) {
    reading.name('functions', namesOf(body.funcname));
    walk.children('CreateEventTrigStmt', body, reading, scope);
  },
  CreateForeignTableStmt(body, reading, scope, walk) {
    // its base is a CREATE TABLE in form only
    if (body.base !== undefined) walk.children('CreateStmt', body.base, reading, scope);
    walk.children('CreateForeignTableStmt', body, reading, scope, 'base');
  },
  AlterDefaultPrivilegesStmt: dormant('AlterDefaultPrivilegesStmt'),
  AlterRoleSetStmt: dormant('AlterRoleSetStmt'),
  AlterDatabaseSetStmt: dormant('AlterDatabaseSetStmt'),
  AlterSystemStmt: dormant('AlterSystemStmt'),
  AlterFunctionStmt: dormant('AlterFunctionStmt'),
  PrepareStmt: contains('PrepareStmt'),
  DeclareCursorStmt: contains('DeclareCursorStmt'),
  CreateTableAsStmt: contains('CreateTableAsStmt'),
  ExplainStmt(body, reading, scope, walk) {
    if (explainRuns(body.options)) {
      makeTop(body.query, reading);
      walk.children('ExplainStmt', body, reading, scope);
    } else {
      dormant('ExplainStmt')(body, reading, scope, walk);
    }
  },
  CopyStmt: visitCopy,
  DropStmt(body, reading, scope, walk) {
    for (const object of body.objects ?? []) objectRelations(body.removeType ?? '', object, reading);
    walk.children('DropStmt', body, reading, scope);
  },
  CommentStmt(body, reading, scope, walk) {
    objectRelations(body.objtype ?? '', body.object, reading);
    walk.children('CommentStmt', body, reading, scope);
  },
  SecLabelStmt(body, reading, scope, walk) {
    objectRelations(body.objtype ?? '', body.object, reading);
    walk.children('SecLabelStmt', body, reading, scope);
  },
  RefreshMatViewStmt(body, reading, scope, walk) {
    const relation = body.relation;
    if (relation !== undefined) relationNamed([...qualified(relation)], 'read', reading);
    walk.children('RefreshMatViewStmt', body, reading, scope);
  },
  // FOR UPDATE OF names aliases, not relations
  LockingClause() {},
};

function qualified(relation: { readonly schemaname?: string; readonly relname?: string }): string[] {
  const name = relation.relname ?? '';
  return relation.schemaname === undefined ? [name] : [relation.schemaname, name];
}

function visitCopy(body: Parameters<Visit<'CopyStmt'>>[0], reading: Reading, scope: Scope, walk: Walk): void {
  if (body.query !== undefined) makeTop(body.query, reading);
  if (body.is_from !== true && body.relation !== undefined) {
    relationNamed(qualified(body.relation), 'read', reading);
    if (body.attlist === undefined) reading.star = true;
    for (const column of namesOf(body.attlist)) reading.columns.add(column);
    walk.children('CopyStmt', body, reading, scope, 'relation');
    return;
  }
  if (body.relation !== undefined) {
    reading.relation(body.relation.schemaname ?? null, body.relation.relname ?? '', 'write');
    reading.range(body.relation.relname ?? '');
  }
  walk.children('CopyStmt', body, reading, scope, 'relation');
}
