/** `postern audit verify`: is the trail whole? Offline where its folder is at hand, else by the API. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { TrailReport } from '../audit/chains.ts';
import type { VerifyReport } from '../audit/verify.ts';
import { connected } from './connected.ts';
import { findTrailFolder } from './connection.ts';
import { EXIT, Finished, UsageError } from './exit-codes.ts';
import { json, print, safe } from './output.ts';

type Options = { readonly json?: true; readonly head?: string };
type Head = { readonly seq: number; readonly hash: string };

export function auditVerifyCommand(audit: Command): void {
  audit
    .command('verify')
    .description('check every record of the trail and the chain between them')
    .argument(
      '[folder]',
      'the trail\'s folder; without it "trail" of .postern/cli.json, without that the running Postern\'s',
    )
    .option(
      '--head <seq:hash>',
      'a head noted earlier and kept elsewhere, which shows a tail cut off or a chain replaced',
    )
    .option('--json', 'print the report as JSON')
    .action(async (given: string | undefined, options: Options, command: Command) => {
      const folder = given ?? findTrailFolder();
      if (folder === null && options.head !== undefined) {
        throw new UsageError(
          "--head needs the trail's folder",
          'Name the folder: the check is made here and not by Postern.',
        );
      }
      const report =
        folder === null ? await connected(command).verify() : await offline(folder, options.head);
      print(options.json === true ? json(report) : wordsOfAll(report));
      if (!report.ok) throw new Finished(EXIT.refused);
    });
}

async function offline(folder: string, head: string | undefined): Promise<TrailReport> {
  if (!existsSync(folder)) throw new UsageError(`there is no folder ${folder}`, "Name the trail's folder.");
  const { verifyChains } = await import('../audit/chains.ts');
  const report = head === undefined ? await verifyChains(folder) : await against(folder, parseHead(head));
  if (!('chains' in report) && report.ok && report.segments === 0)
    throw new UsageError(`${folder} holds no trail`, "Name the trail's folder, where its segments are.");
  return report;
}

/** A head is of one chain. */
async function against(folder: string, expectedHead: Head): Promise<VerifyReport> {
  const { listChains } = await import('../audit/chains.ts');
  const chains = await listChains(folder);
  if (chains.some((chain) => chain.folder !== folder)) {
    throw new UsageError(
      `${folder} holds the chains of several processes, and a head is of one`,
      `Name its folder: ${chains.map((chain) => chain.folder).join(', ')}.`,
    );
  }
  const { verifyTrail } = await import('../audit/verify.ts');
  return verifyTrail(folder, { expectedHead });
}

function parseHead(text: string): Head {
  const found = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text);
  if (found === null)
    throw new UsageError(
      '--head is not as expected',
      'It is the number of a record, a colon and its hash of 64 digits.',
    );
  return { seq: Number(found[1]), hash: found[2] ?? '' };
}

function wordsOfAll(report: TrailReport): string {
  if (!('chains' in report)) return words(report);
  const parts = report.chains.map(({ chain, report: one }) => `chain ${safe(chain)}: ${words(one)}`);
  return `${parts.join('\n')}\n${report.ok ? 'all chains are whole' : 'NOT all chains are whole'}`;
}

function words(report: VerifyReport): string {
  if (report.ok) {
    const anchor = {
      'expected-head': 'It holds the head you gave, so nothing up to there was cut off or replaced.',
      'head-file':
        'Its head.json agrees. Whoever could write the folder could have changed both; compare with a head kept elsewhere.',
      none: 'Nothing here tells whether its end was cut off: compare with a head kept elsewhere.',
    }[report.anchor];
    return `the trail is whole: ${report.records} records in ${report.segments} segments\nhead ${report.head.seq}:${safe(report.head.hash)}\n${anchor}`;
  }
  const place = [
    safe(report.file),
    ...(report.line === null ? [] : [`line ${report.line}`]),
    ...(report.offset === null ? [] : [`offset ${report.offset}`]),
  ].join(', ');
  return `the trail is BROKEN at record ${report.seq}: ${safe(report.text)} (${report.problem})\n  ${place}\n  ${report.records} records before it are sound`;
}
