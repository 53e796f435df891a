/**
 * Block Kit for a request: the message, the message once it has ended, and the dialog that asks for a reason.
 * Invariant: foreign text stands only in text elements of rich_text, where Slack applies no markup, makes no
 * link and notifies nobody; and no button decides unless all of the request is shown.
 */
import { MAX_REASON_CHARACTERS } from '../approvals/limits.ts';
import type { Decision, Request } from '../approvals/request.ts';
import { elsewhere, outcomeLine, summaryOf, undecidable } from './summary.ts';

export const REASON_BLOCK = 'reason';
export const DIALOG = 'postern_decision';
export const APPROVE = 'postern_approve';
export const DENY = 'postern_deny';
const OPEN = 'postern_open';

/** What a dialog is about; Slack returns it as it was. */
export type DialogFacts = {
  readonly id: string;
  readonly decision: Decision['decision'];
  /** Where the click was. */
  readonly channel: string;
};

export type Message = { readonly text: string; readonly blocks: readonly object[] };

export function messageOf(request: Request, link: string | null): Message {
  const ended = outcomeLine(request);
  const title = ended === null ? `Approval needed: ${request.id}` : `Request ${request.id}: ${request.state}`;
  const refusal = undecidable(request);
  return {
    // What notifications show. Nothing in it is an agent's to choose.
    text: `Postern: ${title}`,
    blocks: [
      { type: 'header', text: plain(title) },
      ...bodyOf(request),
      ...(ended === null ? [] : [richText([section([bold(ended)])])]),
      ...(refusal === null || ended !== null ? [] : [richText([section([bold(refusal)])])]),
      ...(ended === null ? buttonsOf(request, refusal === null, link) : []),
    ],
  };
}

export function hintOf(request: Request): Message {
  const text = `Agent ${request.agent} asks very often. Its further requests are in: postern requests`;
  return { text: 'Postern: an agent asks very often', blocks: [richText([section([literal(text)])])] };
}

export function testMessage(): Message {
  const text = 'Postern: this is a test message';
  return { text, blocks: [richText([section([literal(text)])])] };
}

export function dialogOf(request: Request, facts: DialogFacts): object {
  const verb = facts.decision === 'approve' ? 'Approve' : 'Deny';
  return {
    type: 'modal',
    callback_id: DIALOG,
    private_metadata: JSON.stringify(facts),
    title: plain(`${verb} ${request.id}`),
    submit: plain(verb),
    close: plain('Cancel'),
    blocks: [
      ...bodyOf(request),
      {
        type: 'input',
        block_id: REASON_BLOCK,
        label: plain('Your reason, for the trail'),
        element: {
          type: 'plain_text_input',
          action_id: REASON_BLOCK,
          min_length: 1,
          max_length: MAX_REASON_CHARACTERS,
        },
      },
    ],
  };
}

function bodyOf(request: Request): object[] {
  const { whole, facts, statement, reason } = summaryOf(request);
  const lines = facts.flatMap(({ label, value }) => [bold(`${label}: `), literal(`${value}\n`)]);
  if (!whole) return [richText([section(lines)])];
  return [
    richText([section(lines)]),
    richText([
      section([bold('Statement, its literals removed:')]),
      { type: 'rich_text_preformatted', elements: [literal(statement === '' ? '(nothing)' : statement)] },
    ]),
    ...(reason === null
      ? []
      : [
          richText([
            section([bold("The agent's own words, which nobody has checked:")]),
            { type: 'rich_text_quote', elements: [literal(reason)] },
          ]),
        ]),
  ];
}

function buttonsOf(request: Request, decidable: boolean, link: string | null): object[] {
  const { id } = request;
  const button = { type: 'button', value: id };
  const elements = [
    ...(decidable
      ? [
          { ...button, action_id: APPROVE, style: 'primary', text: plain('Approve…') },
          { ...button, action_id: DENY, style: 'danger', text: plain('Deny…') },
        ]
      : []),
    ...(link === null ? [] : [{ type: 'button', action_id: OPEN, url: link, text: plain('Open') }]),
  ];
  const hint = richText([section([literal(elsewhere(request))])]);
  return elements.length === 0 ? [hint] : [{ type: 'actions', elements }, hint];
}

const plain = (text: string) => ({ type: 'plain_text', text, emoji: false });
const literal = (text: string) => ({ type: 'text', text });
const bold = (text: string) => ({ type: 'text', text, style: { bold: true } });
const section = (elements: readonly object[]) => ({ type: 'rich_text_section', elements });
const richText = (elements: readonly object[]) => ({ type: 'rich_text', elements });
