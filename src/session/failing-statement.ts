/**
 * Fails to parse on any server. A refused statement must fail the transaction it was sent in, as any
 * failing statement does; this is how the upstream is told. Its error is swallowed.
 */
export const FAILING_STATEMENT = 'postern_refused_a_statement_so_its_transaction_fails_too';
