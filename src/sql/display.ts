/** Text an agent wrote, made safe to put before a person's eyes. */

/**
 * Control characters, and those that reorder, hide or break text: bidi marks, embeddings, overrides and
 * isolates, zero-width characters, soft hyphen, line and paragraph separators, tags, variation selectors.
 */
const DECEPTIVE = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f' +
    '\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\u{e0000}-\\u{e0fff}]',
  'gu',
);

export function withoutDeceptive(text: string): string {
  return text.replaceAll(DECEPTIVE, '');
}

/** As above, but each such character leaves a mark: for names, where it makes a difference. */
export function markDeceptive(text: string): string {
  return text.replaceAll(DECEPTIVE, '\ufffd');
}
