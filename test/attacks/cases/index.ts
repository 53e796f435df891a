/** Every attack. */
import type { Attack } from '../case.ts';
import { MESSAGES } from './messages.ts';
import { BY_PROTOCOL } from './protocol.ts';
import { READING } from './reading.ts';
import { VERSIONS } from './versions.ts';
import { WRITING } from './writing.ts';

export const ALL: readonly Attack[] = [...READING, ...WRITING, ...MESSAGES, ...BY_PROTOCOL, ...VERSIONS];

/** What they send, where it is SQL. */
export const TEXTS: readonly string[] = ALL.flatMap(({ sql }) => sql ?? []);
