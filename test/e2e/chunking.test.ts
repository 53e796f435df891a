/** Through Postern as straight to the server, byte for byte, whatever pieces the bytes arrive in. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CONVERSATIONS, type Conversation } from './conversations.ts';
import { startHarness, type Harness } from './harness.ts';
import { RawClient, type Target } from './raw-client.ts';

const RULES = `version: 1
masks:
  - { name: contact, columns: [public.customers.email], with: redact }
defaults: { export: allow, ddl: allow }
`;

let harness: Harness;
let direct: Target;
let through: Target;
before(async () => {
  harness = await startHarness({ rules: RULES });
  const admin = await harness.direct();
  await admin.query('create table plain (id int)');
  const { server, postern, password } = harness;
  direct = { port: server.port, user: server.user, password: server.password, database: 'shop' };
  through = { port: postern.agentPort, user: 'bot', password, database: 'shop' };
  await (await harness.agent()).query('select * from plain');
});
after(() => harness.stop());

type Manner = 'at once' | 'byte by byte';

/**
 * Everything the other side said, one string a message, step by step.
 * @param expected how many messages each step should bring; more are waited for a moment
 */
async function converse(
  target: Target,
  { steps }: Conversation,
  manner: Manner,
  expected: readonly number[] = [],
): Promise<string[][]> {
  const client = await RawClient.connect(target);
  try {
    const heard: string[][] = [];
    for (const [i, step] of steps.entries()) {
      const bytes = Buffer.concat(step);
      if (manner === 'at once') client.send(bytes);
      else await client.trickle(bytes);
      await client.wait(() => client.messages.length >= (expected[i] ?? 0));
      // Nobody knows yet how many will come: a busy machine must have time to send the first.
      const quietMs = expected.length === 0 ? 400 : 60;
      heard.push((await client.quiet(quietMs)).map((message) => message.bytes.toString('latin1')));
    }
    return heard;
  } finally {
    client.destroy();
  }
}

for (const conversation of CONVERSATIONS) {
  test(conversation.name, async () => {
    const expected = await converse(direct, conversation, 'at once');
    const counts = expected.map((step) => step.length);
    assert.ok(counts.some((count) => count > 0));
    assert.deepEqual(await converse(through, conversation, 'at once', counts), expected);
    assert.deepEqual(await converse(through, conversation, 'byte by byte', counts), expected);
  });
}
