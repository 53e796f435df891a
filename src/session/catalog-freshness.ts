/**
 * Keeps the catalog true under a session: DDL that went by makes it stale, and a name it does not know
 * makes it worth one more look. Uncommitted DDL is seen by nobody else, so until the transaction ends the
 * session is `dirty` and only base tables are vouched for.
 */
import { drain } from './holding.ts';
import type { SessionState } from './state.ts';

/** Waits, only when there is a reason to, until the catalog shows what this session has committed. */
export async function settleCatalog(session: SessionState, unknownNames: boolean): Promise<void> {
  const { catalog } = session.parts;
  if (session.catalogStale) {
    await drain(session);
    if (session.transaction !== 'I' || session.implicitWork) return;
    await catalog.refresh();
    session.catalogStale = false;
    session.dirty = false;
    return;
  }
  if (unknownNames && catalog.mayLookAgain()) await catalog.refresh();
}
