/**
 * `node test/oracle/long.ts [statements] [seed] [npm package with the server's binaries]`: the corpus and any
 * number of random statements; prints what is wrong, made shorter, and how much is masked needlessly. Ends with
 * 1 where lineage lacks a column.
 */
import { check, summary } from './check.ts';
import { CORPUS } from './corpus/index.ts';
import { generate } from './generate.ts';
import { minimise } from './minimise.ts';
import { startOracle } from './server.ts';

const [, , countText = '20000', seedText = String(Date.now() % 1_000_000), module] = process.argv;
const count = Number(countText);
const seed = Number(seedText);
/** Failures shown in full, and needless masking shown as samples. */
const SHOWN = 20;

const server = await startOracle(module === undefined ? {} : { module });
try {
  const written = CORPUS.filter(({ since }) => since <= server.major).map(({ sql }) => sql);
  process.stdout.write(`PostgreSQL ${server.major}, seed ${seed}\n`);
  let failed = 0;
  for (const [name, statements] of [
    ['corpus', written],
    ['random', generate(seed, count, server.major)],
  ] as const) {
    const checked = await check(server, statements);
    failed += checked.failures.length;
    process.stdout.write(`\n${name}\n${summary(checked)}\n`);
    for (const failure of checked.failures.slice(0, SHOWN)) {
      const shorter = await minimise(failure.sql, async (sql) => {
        const again = await check(server, [sql]);
        return again.failures.some((one) => one.kind === failure.kind);
      });
      const [still] = (await check(server, [shorter])).failures;
      process.stdout.write(`${failure.kind}: ${still?.detail ?? failure.detail}\n    ${shorter}\n`);
    }
    const samples = [...checked.tooMuch].sort((a, b) => a.length - b.length).slice(0, SHOWN);
    process.stdout.write(
      `needlessly masked, the shortest of ${checked.tooMuch.length}:\n${samples.join('\n')}\n`,
    );
  }
  if (failed > 0) process.exitCode = 1;
} finally {
  await server.stop();
}
