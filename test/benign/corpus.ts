import type { Conversation } from './conversation.ts';
import { ANALYSTS } from './conversations/analysts.ts';
import { ASSISTANTS } from './conversations/assistants.ts';
import { CONSOLES } from './conversations/consoles.ts';
import { DASHBOARDS } from './conversations/dashboards.ts';
import { MAPPERS } from './conversations/mappers.ts';
import { PIPELINES } from './conversations/pipelines.ts';
import { REPORTS } from './conversations/reports.ts';
import { TOOLS } from './conversations/tools.ts';
import { WRITERS } from './conversations/writers.ts';

export const CORPUS: readonly Conversation[] = [
  ...ANALYSTS,
  ...REPORTS,
  ...WRITERS,
  ...TOOLS,
  ...CONSOLES,
  ...DASHBOARDS,
  ...MAPPERS,
  ...ASSISTANTS,
  ...PIPELINES,
];

/** Every text in it, once. */
export const TEXTS: readonly string[] = [
  ...new Set(
    CORPUS.flatMap(({ steps }) => steps.map((step) => (typeof step === 'string' ? step : step.text))),
  ),
];
