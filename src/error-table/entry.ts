/** One way in which Postern refuses. */
export type ErrorEntry = {
  /** Five characters, from PostgreSQL's appendix A. */
  readonly sqlstate: string;
  readonly http: number;
  /** `{name}` stands for a parameter given where the error is made. */
  readonly text: string;
  readonly hint: string;
};
