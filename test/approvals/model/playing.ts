import fc from 'fast-check';

export type Limits = {
  readonly numRuns: number;
  readonly interruptAfterTimeLimit: number;
  readonly seed?: number;
};

/**
 * Plays lists of steps until there were enough of them or the time is over.
 * @throws Error with seed and path of the list that failed
 */
export async function playing<T>(
  lists: fc.Arbitrary<T>,
  run: (list: T) => Promise<void>,
  limits: Limits,
): Promise<void> {
  let last = Promise.resolve();
  const property = fc.asyncProperty(lists, (list) => (last = run(list)));
  const details = await fc.check(property, { ...limits, markInterruptAsFailure: false });
  if (details.counterexample !== null)
    throw new Error(fc.defaultReportMessage(details), { cause: details.errorInstance });
  // Fast-check walks away from the run that the end of the time finds: it has to hold like the others, and to be
  // over before anybody closes the stores it is played on.
  await last;
}
