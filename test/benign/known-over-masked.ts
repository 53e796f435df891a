/**
 * Honest statements whose results come back masked further than they would have to be. They run, unheld; what
 * they give is listed in docs/threat-model.md, and a test asserts that it is still so.
 */
export const OVER_MASKED: readonly string[] = [];
