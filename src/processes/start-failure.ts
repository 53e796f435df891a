/** Why one of several processes could not start, in its own words. */
export class StartFailure extends Error {
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.name = 'StartFailure';
    this.hint = hint;
  }
}
