/**
 * Text that an agent, or anybody else, wrote, on its way into a chat. Invariant: it can neither reorder, hide
 * or break what a person reads, nor notify anybody, nor become a link.
 */

/** As `cli/output.ts` has it: what does not show as itself, and marks piled so high that they cover other lines. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}|(?<=\p{M}{3})\p{M}/gu;

/** One line, each deceptive character as `\u{202e}`. */
export function visible(text: string): string {
  return text.replaceAll(UNSAFE, (found) =>
    found === '\n' ? '\\n' : `\\u{${(found.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** For the fields that Slack reads as its markup: docs.slack.dev, "Formatting message text", Escaping text. */
export function slackEscaped(text: string): string {
  return visible(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** At most `limit` characters, and a mark where cut; never half a character. */
export function clipped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
