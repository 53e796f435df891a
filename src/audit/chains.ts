/**
 * The chains of a trail's folder. One Postern has one, in the folder itself. Several processes of one Postern
 * have one each, in folders named by their numbers; where there was one process before, its chain stays.
 * Invariant: every chain is verified by itself, and one that must have been there and is not is a finding.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvent } from './event.ts';
import { listSegments } from './folder.ts';
import { HEAD_FILE } from './head-file.ts';
import { verifyTrail, type VerifyReport } from './verify.ts';

/** `name`: `.` for the folder's own, else the number of the process. */
export type Chain = { readonly name: string; readonly folder: string };

export type ChainReport = { readonly chain: string; readonly report: VerifyReport };

/** Of a folder with one chain it is that chain's report. */
export type TrailReport = VerifyReport | { readonly ok: boolean; readonly chains: readonly ChainReport[] };

const OWN = '.';
const PROCESS = /^[1-9]\d{0,2}$/;

/** Where process number `process` (from 1) of several keeps its chain. */
export function chainFolder(folder: string, process: number): string {
  return join(folder, String(process));
}

/** In the order of their numbers; at least the folder's own. @throws the file system's error */
export async function listChains(folder: string): Promise<readonly Chain[]> {
  const own: Chain = { name: OWN, folder };
  const entries = await readdir(folder, { withFileTypes: true });
  const numbered: Chain[] = [];
  for (const entry of entries) {
    const chain = { name: entry.name, folder: join(folder, entry.name) };
    if (entry.isDirectory() && PROCESS.test(entry.name) && (await hasTrail(chain.folder)))
      numbered.push(chain);
  }
  numbered.sort((a, b) => Number(a.name) - Number(b.name));
  return numbered.length === 0 || (await hasTrail(folder)) ? [own, ...numbered] : numbered;
}

/** Verifies each chain of a folder. @throws the file system's error if something cannot be read */
export async function verifyChains(folder: string): Promise<TrailReport> {
  const chains = await listChains(folder);
  const reports: ChainReport[] = [];
  let processes = Math.max(0, ...chains.map(({ name }) => (name === OWN ? 0 : Number(name))));
  const seen = (event: AuditEvent): void => {
    if (event.kind === 'postern_started') processes = Math.max(processes, event.processes ?? 0);
  };
  for (const chain of chains)
    reports.push({ chain: chain.name, report: await verifyTrail(chain.folder, { seen }) });
  for (let number = 1; number <= processes; number += 1) {
    const name = String(number);
    if (!chains.some((chain) => chain.name === name)) reports.push(missing(folder, number));
  }
  const only = reports.length === 1 ? reports[0] : undefined;
  if (only?.chain === OWN) return only.report;
  return { ok: reports.every(({ report }) => report.ok), chains: reports };
}

function missing(folder: string, process: number): ChainReport {
  const report: VerifyReport = {
    ok: false,
    records: 0,
    problem: 'missing-chain',
    text: `the chain of process ${process} is missing`,
    file: chainFolder(folder, process),
    line: null,
    offset: null,
    seq: 1,
  };
  return { chain: String(process), report };
}

async function hasTrail(folder: string): Promise<boolean> {
  if ((await listSegments(folder)).length > 0) return true;
  return (await readdir(folder)).includes(HEAD_FILE);
}
