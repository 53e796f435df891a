/**
 * Block Kit as far as Postern uses it, with Slack's own limits (docs.slack.dev, reference of blocks, elements
 * and views). Strict: what is not listed here is refused, as Slack refuses `invalid_blocks`.
 */
import { z } from 'zod';

const style = z.strictObject({ bold: z.boolean().optional(), code: z.boolean().optional() }).optional();
const text = z.strictObject({ type: z.literal('text'), text: z.string().min(1), style });
const plain = (max: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(max),
    emoji: z.literal(false),
  });
const richElement = z.strictObject({
  type: z.enum(['rich_text_section', 'rich_text_preformatted', 'rich_text_quote']),
  elements: z.array(text).min(1),
});
const richText = z.strictObject({ type: z.literal('rich_text'), elements: z.array(richElement).min(1) });
const header = z.strictObject({ type: z.literal('header'), text: plain(150) });
const button = z.strictObject({
  type: z.literal('button'),
  action_id: z.string().max(255),
  text: plain(75),
  value: z.string().max(2000).optional(),
  url: z.url().max(3000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
});
const actions = z.strictObject({ type: z.literal('actions'), elements: z.array(button).min(1).max(25) });
const input = z.strictObject({
  type: z.literal('input'),
  block_id: z.string().max(255),
  label: plain(2000),
  element: z.strictObject({
    type: z.literal('plain_text_input'),
    action_id: z.string().max(255),
    min_length: z.int().min(0).max(3000),
    max_length: z.int().min(1).max(3000),
  }),
});
const size = (blocks: unknown): number => JSON.stringify(blocks).length;

/** 13,000: what `msg_blocks_too_long` was measured to be at (github.com/slackapi/bolt-js, issue 2509). */
export const messageBlocks = z
  .array(z.discriminatedUnion('type', [richText, header, actions]))
  .max(50)
  .refine((blocks) => size(blocks) < 13_000, 'msg_blocks_too_long');

export const modal = z.strictObject({
  type: z.literal('modal'),
  callback_id: z.string().max(255),
  private_metadata: z.string().max(3000),
  title: plain(24),
  submit: plain(24),
  close: plain(24),
  blocks: z.array(z.discriminatedUnion('type', [richText, input])).max(100),
});

/** All text that a person would see, in order. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join('');
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([key, one]) => (key === 'text' && typeof one === 'string' ? one : textOf(one)))
    .join('');
}
