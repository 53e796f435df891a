import assert from 'node:assert/strict';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { asked } from '../api/support.ts';
import { MAX_IN_FLIGHT, MAX_QUEUED } from '../../src/channels/limits.ts';
import { Outbox, type Attempt } from '../../src/channels/outbox.ts';
import { summaryOf } from '../../src/channels/summary.ts';
import { cardOf } from '../../src/channels/teams.ts';
import { slackEscaped, visible } from '../../src/channels/text.ts';
import type { Request } from '../../src/approvals/request.ts';
import type { TeamsConfig, WebhookConfig } from '../../src/config/channel-config.ts';
import { teamsMessage } from './adaptive-card.ts';
import { textOf } from './block-kit.ts';
import { EVERYTHING, TOKEN, house, receiver, type Got, type Receiver } from './support.ts';

const KEYS = [Buffer.alloc(32, 1), Buffer.alloc(24, 2)] as const;

const webhook = (at: Receiver, changes: Partial<WebhookConfig> = {}): WebhookConfig => ({
  name: 'siem',
  kind: 'webhook',
  url: at.url,
  keys: KEYS,
  routing: EVERYTHING,
  ...changes,
});
const teams = (at: Receiver): TeamsConfig => ({
  name: 'ops',
  kind: 'teams',
  url: at.url,
  routing: EVERYTHING,
});

/** As a receiver of Standard Webhooks verifies: any signature of the list, by its own key. */
function verified(got: Got, key: Buffer): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures } = got.headers;
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false;
  const expected = createHmac('sha256', key)
    .update(`${String(id)}.${String(at)}.${got.text}`)
    .digest();
  return String(signatures)
    .split(' ')
    .some((one) => {
      const given = Buffer.from(one.replace(/^v1,/, ''), 'base64');
      return one.startsWith('v1,') && given.length === 32 && timingSafeEqual(given, expected);
    });
}

// oxlint-disable-next-line no-explicit-any
const bodyOf = (got: Got | undefined): any => JSON.parse(got?.text ?? '');

test('webhook: every step is an event, signed with every secret, in order, without the binding', async (t) => {
  const at = await receiver(t);
  const { approvals } = await house(t, [webhook(at)], 'https://postern.example.com');
  const one = await approvals.ask(asked({ quorum: 2, statedReason: 'why' }));
  await approvals.decide(one.id, { name: 'ana', groups: [] }, 'approve', 'a', 'cli');
  await approvals.decide(one.id, { name: 'bob', groups: [] }, 'approve', 'b', 'slack');
  await approvals.spend(one.id, one.binding, 's1');
  const got = await at.until(4);
  const ids = ['request_created', 'request_decided.1', 'request_decided.2', 'grant_spent'].map(
    (kind) => `${one.id}.${kind}`,
  );
  assert.deepEqual(
    got.map((each) => each.headers['webhook-id']),
    ids,
  );
  for (const each of got) {
    assert.ok(
      KEYS.every((key) => verified(each, key)),
      'the new secret and the old one',
    );
    assert.ok(!verified(each, Buffer.alloc(32, 3)));
    assert.ok(!verified({ ...each, text: each.text.replace('etl-bot', 'etl-bat') }, KEYS[0]));
    assert.ok(!each.text.includes(one.binding));
  }
  const first = bodyOf(got[0]);
  assert.deepEqual(
    [first.type, first.data.state, first.data.statement, first.data.statedReason, first.data.url],
    [
      'request_created',
      'pending',
      'COPY customers TO STDOUT',
      'why',
      `https://postern.example.com/requests/${one.id}`,
    ],
  );
  assert.deepEqual(
    bodyOf(got[3]).data.decisions.map((d: { channel: string }) => d.channel),
    ['cli', 'slack'],
  );
  const two = await approvals.ask(asked({ expiresMs: 20 }));
  await at.until(6);
  const three = await approvals.ask(asked());
  await approvals.withdraw(three.id, 'gone');
  const rest = (await at.until(8)).slice(4).map((each) => bodyOf(each));
  assert.deepEqual(
    new Set(rest.map((each) => `${each.type} ${each.data.id}`)),
    new Set([
      `request_created ${two.id}`,
      `request_expired ${two.id}`,
      `request_created ${three.id}`,
      `request_withdrawn ${three.id}`,
    ]),
  );
});

test('webhook: what fails is sent again under the same id and a fresh signature, redirects are not followed', async (t) => {
  const at = await receiver(t);
  const trap = await receiver(t);
  Object.assign(at.answerHeaders, { location: trap.url });
  at.statuses.push(500, 307);
  const { approvals, channels, logged } = await house(t, [webhook(at)]);
  const request = await approvals.ask(asked());
  const got = await at.until(3);
  assert.deepEqual(
    [...new Set(got.map((each) => each.headers['webhook-id']))],
    [`${request.id}.request_created`],
  );
  assert.ok(got.every((each) => verified(each, KEYS[0])));
  assert.equal(trap.got.length, 0);
  at.statuses.push(410);
  await approvals.withdraw(request.id, 'x');
  await at.until(4);
  await sleep(60);
  assert.equal(at.got.length, 4, 'gone is gone');
  const { delivered, failed, retried, waiting } = channels.list()[0] ?? {};
  assert.deepEqual([delivered, failed, retried, waiting], [1, 1, 2, 0]);
  assert.match(logged(), /"delivery":"\w{4}-\w{4}.request_withdrawn","why":"it answered 410"/);
});

test('webhook: an endpoint that is down or never answers costs a decision nothing', async (t) => {
  const down = await receiver(t);
  await down.close();
  const { approvals, channels, logged } = await house(t, [webhook(down)]);
  const since = performance.now();
  for (let i = 0; i < 10; i += 1) {
    const request = await approvals.ask(asked({ statement: 'SELECT planted' }));
    await approvals.decide(request.id, { name: 'ana', groups: [] }, 'deny', 'no', 'cli');
  }
  assert.ok(performance.now() - since < 1500);
  for (let tries = 0; tries < 200 && channels.list()[0]?.failed !== 20; tries += 1) await sleep(10);
  assert.equal(channels.list()[0]?.failed, 20);
  assert.match(logged(), /ECONNREFUSED/);
  assert.ok(!logged().includes('planted') && !logged().includes(down.url));
});

test('teams: a card that opens the request, and one that says how it ended; nothing in it decides', async (t) => {
  const at = await receiver(t);
  const { approvals } = await house(t, [teams(at)], 'https://postern.example.com');
  const evil = '[click](https://evil.example) **bold** <at>all</at> \u202eflip';
  const one = await approvals.ask(asked({ statedReason: evil, statement: evil }));
  await approvals.decide(one.id, { name: 'ana', groups: [] }, 'approve', 'fine', 'cli');
  const got = await at.until(2);
  const [asks, ended] = got.map((each) => teamsMessage.parse(JSON.parse(each.text)).attachments[0].content);
  assert.deepEqual(
    asks?.actions?.map((action) => action.url),
    [`https://postern.example.com/requests/${one.id}`],
  );
  assert.ok(textOf(asks?.body).includes('[click](https://evil.example) **bold** <at>all</at> \\u{202e}flip'));
  assert.ok(textOf(asks?.body).includes(`postern show ${one.id}`));
  assert.ok(textOf(ended?.body).includes('Approved by ana (cli): fine'));
});

const ESCALATING = {
  requirements: [{ rule: 'exports', approvers: ['stewards'], quorum: 1, escalateTo: ['security'] }],
  approverGroups: [['stewards']],
  escalation: { afterMs: 300_000, to: ['security'] },
  unmask: ['public.customers.email'],
  estimate: { rows: 12, cost: 3.5 },
  locks: ['ROW EXCLUSIVE on public.orders'],
};

test('an escalation is told, to channels of the groups it is escalated to as well', async (t) => {
  const [first, second] = [await receiver(t), await receiver(t)];
  const routed = (group: string): Partial<WebhookConfig> => ({ routing: { ...EVERYTHING, group: [group] } });
  const { approvals } = await house(t, [
    webhook(first, routed('stewards')),
    { ...webhook(second, routed('security')), name: 'other' },
  ]);
  const { id } = await approvals.ask(asked(ESCALATING));
  await approvals.decide(id, { name: 'ana', groups: ['stewards'] }, 'escalate', 'too big for me', 'cli');
  const types = (await first.until(2)).map((got) => bodyOf(got).type);
  assert.deepEqual(types, ['request_created', 'request_escalated']);
  const [told] = await second.until(1);
  assert.equal(bodyOf(told).type, 'request_escalated');
  const { data } = bodyOf(told);
  assert.deepEqual(data.unmask, ESCALATING.unmask);
  assert.deepEqual(data.requirements, ESCALATING.requirements);
  assert.ok(typeof data.escalatedAt === 'string' && data.locks.length === 1 && data.estimate.rows === 12);
  await approvals.decide(id, { name: 'bob', groups: ['security'] }, 'approve', 'fine', 'cli');
  assert.equal(bodyOf((await second.until(2))[1]).type, 'request_decided');
});

test('what a decision rests on is in the summary: what would be shown, locked, and asked of whom', () => {
  const request: Request = {
    ...asked({ ...ESCALATING, mode: 'return' }),
    id: 'k7f3-9qzm',
    state: 'pending',
    createdAt: '',
    expiresAt: 'soon',
    decisions: [],
    history: { denied: 2 },
  };
  const said = summaryOf(request).facts.map(({ label, value }) => `${label}: ${value}`);
  for (const line of [
    'Would see unmasked: public.customers.email',
    "Estimate: 12 rows, cost 3.5, by the planner's guess",
    'Would lock: ROW EXCLUSIVE on public.orders',
    'Approvals: none yet; needs 1 of stewards',
    'Escalation: to security, after 300 seconds',
    'Waits: no: the agent sends the statement again',
    'Last 24 hours: requests of this agent: 2 denied',
  ])
    assert.ok(said.includes(line), `${line} in ${said.join('\n')}`);
});

test('teams: whatever an agent writes, the card fits and is valid', () => {
  const base: Request = {
    ...asked(),
    id: 'k7f3-9qzm',
    state: 'pending',
    createdAt: '',
    expiresAt: 'soon',
    decisions: [],
    history: {},
  };
  const text = fc.string({ unit: 'binary', maxLength: 9000 });
  fc.assert(
    fc.property(
      text,
      fc.option(text),
      fc.array(text, { maxLength: 3 }),
      (statement, statedReason, relations) => {
        const request = {
          ...base,
          statement: statement || '?',
          statedReason: statedReason || null,
          relations,
        };
        const message = {
          type: 'message',
          attachments: [
            {
              contentType: 'application/vnd.microsoft.card.adaptive',
              contentUrl: null,
              content: cardOf(request, 'request_created', null),
            },
          ],
        };
        teamsMessage.parse(message);
        assert.ok(Buffer.byteLength(JSON.stringify(message)) <= 28 * 1024);
        const summary = summaryOf(request);
        // All of it, or nothing of what is decided by.
        assert.ok(
          summary.whole ? summary.statement === visible(request.statement) : summary.statement === '',
        );
      },
    ),
    { numRuns: 60 },
  );
});

test('text made visible has nothing left that hides, and markup is escaped', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(visible(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      assert.doesNotMatch(slackEscaped(text), /[<>]|&(?!(amp|lt|gt);)/);
    }),
  );
  assert.equal(slackEscaped('<!channel> & \u202e'), '&lt;!channel&gt; &amp; \\u{202e}');
});

test('an outbox is bounded, keeps order for a key, and sends a few at a time', async () => {
  const failures: string[] = [];
  const outbox = new Outbox({ onFailure: (what) => failures.push(what), times: { baseMs: 1, attempts: 3 } });
  let open = 0;
  let most = 0;
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const attempt = (what: string) => async (): Promise<Attempt> => {
    open += 1;
    most = Math.max(most, open);
    await gate.promise;
    open -= 1;
    order.push(what);
    return { kind: 'delivered' };
  };
  for (let i = 0; i < MAX_QUEUED + 7; i += 1) outbox.push(`key ${i % 10}`, String(i), attempt(String(i)));
  assert.equal(failures.length, 7);
  gate.resolve();
  await outbox.close();
  assert.equal(order.length, MAX_QUEUED);
  assert.ok(most <= MAX_IN_FLIGHT, String(most));
  for (let key = 0; key < 10; key += 1) {
    const mine = order.map(Number).filter((i) => i % 10 === key);
    assert.deepEqual(
      mine,
      mine.toSorted((a, b) => a - b),
    );
  }
  outbox.push('late', 'late', attempt('late'));
  assert.equal(failures.at(-1), 'late');
});

test('a rejecting or always failing attempt is given up after its attempts; waits do not outlive the end', async () => {
  const failures: string[] = [];
  const options = { onFailure: (what: string, why: string) => failures.push(`${what}: ${why}`) };
  const quick = new Outbox({ ...options, times: { baseMs: 1, attempts: 3 } });
  let tries = 0;
  quick.push('a', 'a', async () => {
    tries += 1;
    throw new Error('SELECT secret');
  });
  await quick.close();
  assert.equal(tries, 3);
  assert.deepEqual(failures, ['a: something went wrong inside Postern']);
  const slow = new Outbox({ ...options, times: { baseMs: 60_000, attempts: 3 } });
  slow.push('b', 'b', async () => ({ kind: 'retry', why: 'busy', afterMs: 24 * 3_600_000 }));
  slow.push('c', 'c', async () => ({ kind: 'retry', why: 'busy', afterMs: null }));
  await slow.close();
  assert.deepEqual(failures.slice(1), [
    'b: busy, and it asks to wait too long',
    'c: busy, and Postern is shutting down',
  ]);
});

test('a test message goes through the API, for operators only, and says what is wrong', async (t) => {
  const at = await receiver(t);
  const { url } = await house(t, [webhook(at), teams(at)]);
  const call = (path: string, token: string, method = 'POST') =>
    fetch(`${url}/v1/channels${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  for (const name of ['siem', 'ops']) assert.equal((await call(`/${name}/test`, TOKEN)).status, 200);
  assert.ok(verified(at.got[0] as Got, KEYS[0]));
  teamsMessage.parse(JSON.parse(at.got[1]?.text ?? ''));
  assert.equal((await call('/siem/test', 'token-of-ana-0123456789')).status, 403);
  assert.equal((await call('/nowhere/test', TOKEN)).status, 404);
  assert.equal(
    (await fetch(`${url}/channels/slack/interactions`, { method: 'POST' })).status,
    401,
    'no Slack, no route',
  );
  const listed = (await (await call('', TOKEN, 'GET')).json()) as { channels: object[] };
  assert.equal(listed.channels.length, 2);
  at.statuses.push(503);
  const failed = await call('/siem/test', TOKEN);
  const { error } = (await failed.json()) as { error: { code: string; message: string } };
  assert.deepEqual(
    [failed.status, error.code, error.message],
    [502, 'channel-failed', 'channel "siem" could not be reached: it answered 503'],
  );
});
