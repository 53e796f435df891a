/** What statements do that read, write or send out rows. */
import { commandOf } from '../command-names.ts';
import type { Reading } from '../reading.ts';
import { as, type Body, type BodyOf, type Node } from '../tree.ts';
import type { Acts } from '../walk.ts';
import { restricts, targetOf } from '../where.ts';

/** `schema.name` for people; quoting is left to whoever shows it. */
export function nameOf(relation: BodyOf<'RangeVar'> | undefined): string {
  const name = relation?.relname ?? '?';
  return relation?.schemaname === undefined ? name : `${relation.schemaname}.${name}`;
}

/** Writing a system catalog goes around every command that would check what is done. */
function checkSystemTarget(
  relation: BodyOf<'RangeVar'> | undefined,
  command: string,
  reading: Reading,
): void {
  const name = relation?.relname ?? '';
  if (name === 'pg_settings' && command === 'update') {
    reading.sinks.add('set_config');
    reading.find('config', command, 'UPDATE pg_settings changes settings: its rule calls set_config');
  } else if (relation?.schemaname === 'pg_catalog' || name.startsWith('pg_')) {
    reading.find('privilege', command, `changes ${nameOf(relation)}, which PostgreSQL keeps for itself`);
  }
}

function write(command: string, relation: BodyOf<'RangeVar'> | undefined, reading: Reading): void {
  reading.find('write', command, `${command.toUpperCase()} changes rows of ${nameOf(relation)}`);
  checkSystemTarget(relation, command, reading);
}

function destroy(
  command: string,
  relation: BodyOf<'RangeVar'> | undefined,
  how: string,
  reading: Reading,
): void {
  reading.find('write', command, `${command.toUpperCase()} ${nameOf(relation)} ${how}`, true);
  checkSystemTarget(relation, command, reading);
}

const UNRESTRICTED = 'has no WHERE that restricts which rows it changes';

function mergeDestroys(body: BodyOf<'MergeStmt'>): boolean {
  const target = targetOf(body.relation, body.sourceRelation === undefined ? [] : [body.sourceRelation]);
  const onRestricts = restricts(body.joinCondition, target);
  return (body.mergeWhenClauses ?? []).some((node) => {
    const when = as('MergeWhenClause', node);
    if (when?.commandType !== 'CMD_UPDATE' && when?.commandType !== 'CMD_DELETE') return false;
    // rows that the source does not match are all the others, however ON restricts
    const matched = when.matchKind === 'MERGE_WHEN_MATCHED' && onRestricts;
    return !matched && !restricts(when.condition, target);
  });
}

function copyTo(body: BodyOf<'CopyStmt'>, reading: Reading): void {
  const what = body.relation === undefined ? 'the result of a query' : nameOf(body.relation);
  if (body.is_program === true) {
    reading.find('export', 'copy to', `COPY sends ${what} to a program on the server`);
    reading.find('code', 'copy to', 'COPY … TO PROGRAM runs a command on the server');
  } else if (body.filename !== undefined) {
    reading.find('export', 'copy to', `COPY writes ${what} to a file of the server`);
    reading.find('code', 'copy to', 'COPY … TO a file writes files of the server');
  } else {
    reading.find('export', 'copy to', `COPY ${what} TO STDOUT sends a relation out`);
  }
}

function copyFrom(body: BodyOf<'CopyStmt'>, reading: Reading): void {
  write('copy from', body.relation, reading);
  if (body.is_program === true) {
    reading.find('code', 'copy from', 'COPY … FROM PROGRAM runs a command on the server');
  } else if (body.filename !== undefined) {
    reading.find('code', 'copy from', 'COPY … FROM a file reads files of the server');
  }
}

/** Rows in another encoding cannot be found and masked by bytes. */
function checkCopyEncoding(body: BodyOf<'CopyStmt'>, reading: Reading): void {
  for (const item of body.options ?? []) {
    const option = as('DefElem', item);
    const value = as('String', option?.arg)?.sval ?? '';
    if (option?.defname === 'encoding' && !/^utf-?8$/i.test(value)) {
      reading.find(
        'unknown',
        body.is_from === true ? 'copy from' : 'copy to',
        'COPY uses an encoding of its own',
      );
    }
  }
}

export const DATA_ACTS: Acts = {
  SelectStmt(body, reading) {
    if (body.intoClause !== undefined) {
      const into = nameOf(body.intoClause.rel);
      reading.find('export', 'select into', `SELECT INTO copies what it reads into ${into}`);
      reading.find('ddl', 'select into', `SELECT INTO creates ${into}`);
      reading.storesWhatItReads = true;
    }
    if (reading.top === body || body.fromClause !== undefined) {
      const command = body.valuesLists === undefined ? 'select' : 'values';
      reading.find('read', command, 'reads rows');
    }
  },
  InsertStmt: (body, reading) => write('insert', body.relation, reading),
  UpdateStmt(body, reading) {
    if (restricts(body.whereClause, targetOf(body.relation, body.fromClause)))
      write('update', body.relation, reading);
    else destroy('update', body.relation, UNRESTRICTED, reading);
  },
  DeleteStmt(body, reading) {
    if (restricts(body.whereClause, targetOf(body.relation, body.usingClause)))
      write('delete', body.relation, reading);
    else destroy('delete', body.relation, UNRESTRICTED, reading);
  },
  MergeStmt(body, reading) {
    if (mergeDestroys(body)) destroy('merge', body.relation, 'changes rows that nothing restricts', reading);
    else write('merge', body.relation, reading);
  },
  TruncateStmt(body, reading) {
    for (const item of body.relations ?? []) {
      destroy('truncate', as('RangeVar', item), 'removes every row', reading);
    }
  },
  LockStmt(_body, reading) {
    reading.find('write', 'lock', 'LOCK keeps others from using a relation');
  },
  CopyStmt(body, reading) {
    if (body.is_from === true) copyFrom(body, reading);
    else copyTo(body, reading);
    checkCopyEncoding(body, reading);
  },
  CreateTableAsStmt(body, reading) {
    const command = commandOf('CreateTableAsStmt', body as Body);
    const into = nameOf(body.into?.rel);
    reading.find('export', command, `${command.toUpperCase()} copies what it reads into ${into}`);
    reading.find('ddl', command, `${command.toUpperCase()} creates ${into}`);
    reading.storesWhatItReads = true;
  },
  FetchStmt(body, reading) {
    reading.find('read', commandOf('FetchStmt', body as Body), 'reads rows from a cursor');
  },
  ExplainStmt(body, reading) {
    if (!explainRuns(body.options)) reading.find('read', 'explain', 'EXPLAIN shows a plan');
  },
};

/** EXPLAIN ANALYZE runs what it explains. Any `ANALYZE` that is not clearly off counts. */
export function explainRuns(options: readonly Node[] | undefined): boolean {
  return (options ?? []).some((item) => {
    const option = as('DefElem', item);
    if (option?.defname !== 'analyze') return false;
    const text = as('String', option.arg)?.sval?.toLowerCase();
    if (text !== undefined) return text !== 'false' && text !== 'off';
    const int = as('Integer', option.arg);
    if (int !== undefined) return (int.ival ?? 0) !== 0;
    return as('Boolean', option.arg)?.boolval !== false;
  });
}
