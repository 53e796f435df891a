/** Server-sent events out of a stream of bytes, as the HTML standard reads them (section 9.2.6), less `retry`. */

/** Characters of one event; a request is a small part of it. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/** `id` is the last one seen, to go on from with `Last-Event-ID`. */
export type ServerEvent = { readonly name: string; readonly data: string; readonly id: string };

/**
 * @param alive called for every chunk, heartbeats too
 * @throws Error when an event is over the limit
 */
export async function* readEvents(
  bytes: AsyncIterable<Uint8Array>,
  alive: () => void,
): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let pending = '';
  let name = 'message';
  let id = '';
  let data: string[] = [];
  for await (const chunk of bytes) {
    alive();
    pending += decoder.decode(chunk, { stream: true });
    if (pending.length > MAX_EVENT_CHARS) throw new Error('an event is over the limit');
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
      if (line === '') {
        if (data.length > 0) yield { name, data: data.join('\n'), id };
        name = 'message';
        data = [];
      } else if (!line.startsWith(':')) {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') name = value;
        if (field === 'data') data.push(value);
        if (field === 'id' && !value.includes('\0')) id = value;
      }
    }
  }
}
