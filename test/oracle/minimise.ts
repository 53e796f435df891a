/**
 * Makes a failing statement shorter: takes out runs of tokens, long runs first, while it still fails.
 *
 * @param fails whether a shorter text still shows the failure; texts that are no SQL must come out false
 */
export async function minimise(sql: string, fails: (sql: string) => Promise<boolean>): Promise<string> {
  let tokens: readonly string[] = sql.match(/'[^']*'|"[^"]*"|[\w.]+|::|\|\||->>?|<=|>=|\S/g) ?? [];
  for (let run = tokens.length >> 1; run >= 1; run >>= 1) {
    for (let at = 0; at + run <= tokens.length;) {
      const shorter = tokens.toSpliced(at, run);
      if (await fails(shorter.join(' '))) tokens = shorter;
      else at += 1;
    }
  }
  return tokens.join(' ');
}
