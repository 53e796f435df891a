/**
 * Microsoft Teams by a Workflows webhook: Adaptive Cards that show a request and open it. Nothing is decided
 * in Teams, for such a webhook says nothing about who clicked. A card cannot be changed later, so how a
 * request ended is a card of its own. All foreign text is in TextRuns, which have no markup.
 */
import type { Request } from '../approvals/request.ts';
import type { TeamsConfig } from '../config/channel-config.ts';
import type { ChangeKind } from './change.ts';
import { changeId } from './change.ts';
import type { Channel, ChannelContext } from './channel.ts';
import { failureLogger } from './channel.ts';
import { MAX_CARD_BYTES } from './limits.ts';
import type { Attempt } from './outbox.ts';
import { Outbox } from './outbox.ts';
import { post } from './post.ts';
import { elsewhere, outcomeLine, summaryOf } from './summary.ts';
import type { Summary } from './summary.ts';
import { attemptOf } from './webhook.ts';

export function openTeams(config: TeamsConfig, { log, linkOf, times }: ChannelContext): Channel {
  const outbox = new Outbox({
    onFailure: failureLogger(log, config.name),
    ...(times === undefined ? {} : { times }),
  });
  const send = async (card: object): Promise<Attempt> => {
    const headers = { 'content-type': 'application/json' };
    return attemptOf(await post({ url: config.url, headers, body: JSON.stringify(messageOf(card)) }));
  };
  return {
    get counts() {
      return outbox.counts;
    },
    tell(request, kind) {
      const card = cardOf(request, kind, linkOf(request.id));
      if (card !== null) outbox.push(request.id, changeId(request, kind), () => send(card));
    },
    refresh: null,
    hint(request) {
      const text = `Agent ${request.agent} asks very often. Its further requests are in: postern requests`;
      outbox.push(request.id, `${request.id}.hint`, () => send(adaptiveCard([paragraph(text)], null)));
    },
    test: () => send(adaptiveCard([heading('Postern: this is a test message')], null)),
    close: () => outbox.close(),
  };
}

/** Null where a card would only say again what the last one said. */
export function cardOf(request: Request, kind: ChangeKind, link: string | null): object | null {
  const ended = outcomeLine(request);
  if (ended !== null) return adaptiveCard([heading(`Request ${request.id}`), paragraph(ended)], link);
  if (kind !== 'request_created' && kind !== 'request_escalated') return null;
  const summary = summaryOf(request);
  const title = heading(`${kind === 'request_created' ? 'Approval needed' : 'Escalated'}: ${request.id}`);
  const card = adaptiveCard([title, ...bodyOf(request, summary)], link);
  if (Buffer.byteLength(JSON.stringify(messageOf(card))) <= MAX_CARD_BYTES) return card;
  const short = { ...summary, whole: false, facts: summary.facts.slice(0, 2), statement: '', reason: null };
  return adaptiveCard([title, ...bodyOf(request, short)], link);
}

function bodyOf(request: Request, { whole, facts, statement, reason }: Summary): object[] {
  const lines = facts.map(({ label, value }) => runs([bold(`${label}: `), run(value)]));
  if (!whole)
    return [...lines, paragraph('The request is too long to be shown here.'), paragraph(elsewhere(request))];
  return [
    ...lines,
    paragraph('Statement, its literals removed:'),
    runs([{ ...run(statement), fontType: 'Monospace' }]),
    ...(reason === null
      ? []
      : [
          paragraph("The agent's own words, which nobody has checked:"),
          runs([{ ...run(reason), italic: true }]),
        ]),
    paragraph(elsewhere(request)),
  ];
}

function adaptiveCard(body: readonly object[], link: string | null): object {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body,
    ...(link === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'Open', url: link }] }),
  };
}

function messageOf(card: object): object {
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content: card }] };
}

const run = (text: string) => ({ type: 'TextRun', text });
const bold = (text: string) => ({ ...run(text), weight: 'Bolder' });
const runs = (inlines: readonly object[]) => ({ type: 'RichTextBlock', inlines });
const paragraph = (text: string) => runs([run(text)]);
const heading = (text: string) => runs([{ ...bold(text), size: 'Medium' }]);
