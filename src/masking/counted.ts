/** How many values were masked in this process, for the metrics: one addition a row, read when asked. */
export const masked = { values: 0 };
