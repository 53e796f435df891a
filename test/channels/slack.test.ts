import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { asked } from '../api/support.ts';
import { textOf } from './block-kit.ts';
import { TEAM, member, startSlack, type SlackDouble } from './slack-double.ts';
import { EVERYTHING, house, slackConfig, type House } from './support.ts';

async function start(
  t: TestContext,
  publicUrl: string | null = null,
): Promise<House & { slack: SlackDouble }> {
  const slack = await startSlack(t);
  Object.assign(slack.users, {
    UANA: member('UANA', 'Ana@Example.com'),
    UBOB: member('UBOB', 'someone.else@example.com'),
    UOLGA: member('UOLGA', 'olga@example.com'),
  });
  return { ...(await house(t, [slackConfig(slack)], publicUrl)), slack };
}

const click = (userId: string, id: string, action = 'postern_approve', teamId = TEAM) => ({
  type: 'block_actions',
  user: { id: userId, team_id: teamId },
  trigger_id: 'trigger',
  container: { type: 'message', channel_id: 'C0APPROVE', message_ts: '1700000000.000001' },
  actions: [{ type: 'button', action_id: action, value: id }],
});

const submission = (userId: string, metadata: string, reason: string | null) => ({
  type: 'view_submission',
  user: { id: userId, team_id: TEAM },
  view: {
    callback_id: 'postern_decision',
    private_metadata: metadata,
    state: { values: { reason: { reason: { type: 'plain_text_input', value: reason } } } },
  },
});

const about = (id: string, decision: 'approve' | 'deny' = 'approve') =>
  JSON.stringify({ id, decision, channel: 'C0APPROVE' });

const stateOf = async ({ approvals }: House, id: string): Promise<string> =>
  (await Promise.resolve(approvals.get(id))).state;

test('a request is posted with its context; a click and a reason decide it; the message shows how', async (t) => {
  const at = await start(t, 'https://postern.example.com');
  const { slack, approvals, post } = at;
  const request = await approvals.ask(asked({ statedReason: 'monthly report' }));
  const message = await slack.next('chat.postMessage');
  assert.equal(message.channel, '#db-approvals');
  const shown = textOf(message.blocks);
  for (const part of [
    'etl-bot, owned by olga',
    'shop (prod)',
    'export, copy to',
    'exports need a data steward',
    'public.customers.email',
    'COPY customers TO STDOUT',
    'monthly report',
    "agent's own words",
    request.id,
    request.expiresAt,
  ])
    assert.ok(shown.includes(part), part);
  assert.ok(!JSON.stringify(message).includes(request.binding));
  const buttons = message.blocks.find((block: { type: string }) => block.type === 'actions').elements;
  assert.deepEqual(
    buttons.map((one: { value?: string; url?: string }) => one.value ?? one.url),
    [request.id, request.id, `https://postern.example.com/requests/${request.id}`],
  );

  assert.equal((await post(slack.signed(click('UANA', request.id)))).status, 200);
  const { view } = await slack.next('views.open');
  assert.ok(textOf(view).includes('COPY customers TO STDOUT'), 'the dialog shows what is decided');
  const answer = await post(slack.signed(submission('UANA', view.private_metadata, 'month end')));
  assert.deepEqual([answer.status, await answer.text()], [200, '']);
  const decided = await Promise.resolve(approvals.get(request.id));
  assert.deepEqual(
    [
      decided.state,
      decided.decisions[0]?.approver,
      decided.decisions[0]?.channel,
      decided.decisions[0]?.reason,
    ],
    ['approved', 'ana', 'slack', 'month end'],
  );
  const update = await slack.next('chat.update');
  assert.deepEqual([update.channel, update.ts], ['C0APPROVE', '1700000000.000001']);
  assert.ok(textOf(update.blocks).includes('Approved by ana (slack): month end'));
  assert.ok(!JSON.stringify(update.blocks).includes('postern_approve'));
  const trail = readdirSync(at.trailFolder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readFileSync(join(at.trailFolder, name), 'utf8'))
    .join('');
  assert.match(trail, /"channel":"slack"/);
});

test('a decision made elsewhere, an expiry and a withdrawal change the message too', async (t) => {
  const { slack, approvals } = await start(t);
  const one = await approvals.ask(asked());
  await approvals.decide(one.id, { name: 'bob', groups: [] }, 'deny', 'not today', 'cli');
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Denied by bob (cli): not today'));
  const two = await approvals.ask(asked({ expiresMs: 30 }));
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Expired'));
  assert.equal(two.state, 'pending');
  const three = await approvals.ask(asked());
  await approvals.withdraw(three.id, 'gone');
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Withdrawn'));
  const four = await approvals.ask(asked({ quorum: 2 }));
  await approvals.decide(four.id, { name: 'bob', groups: [] }, 'approve', 'yes', 'api');
  const partial = await slack.next('chat.update');
  assert.ok(textOf(partial.blocks).includes('by bob; needs 2 of all approvers'));
  assert.ok(JSON.stringify(partial.blocks).includes('postern_approve'), 'the second of two can still click');
});

test('who is no approver decides nothing, whatever they click or send', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  const mail = 'ana@example.com';
  Object.assign(slack.users, {
    UEVE: member('UEVE', 'eve@example.com'),
    UUNCONFIRMED: member('UUNCONFIRMED', mail, { is_email_confirmed: false }),
    UUNSAID: member('UUNSAID', mail, { is_email_confirmed: undefined }),
    UGUEST: member('UGUEST', mail, { is_restricted: true }),
    UGUEST1: member('UGUEST1', mail, { is_ultra_restricted: true }),
    UBOT: member('UBOT', mail, { is_bot: true }),
    UGONE: member('UGONE', mail, { deleted: true }),
    USTRANGER: member('USTRANGER', mail, { is_stranger: true }),
    UFOREIGN: member('UFOREIGN', mail, { team_id: 'TEVIL' }),
    ULIAR: member('UANA', mail),
    UAUDRA: member('UAUDRA', 'audra@example.com'),
    // bob has named his Slack id, so that his address alone is nobody's.
    UFAKEBOB: member('UFAKEBOB', 'bob@example.com'),
  });
  const request = await approvals.ask(asked());
  const nobodies = [
    'UEVE',
    'UUNCONFIRMED',
    'UUNSAID',
    'UGUEST',
    'UGUEST1',
    'UBOT',
    'UGONE',
    'USTRANGER',
    'UFOREIGN',
    'ULIAR',
    'UAUDRA',
    'UFAKEBOB',
    'UUNKNOWN',
  ];
  for (const userId of nobodies) {
    await post(slack.signed(click(userId, request.id)));
    const note = await slack.next('chat.postEphemeral');
    assert.equal(note.user, userId);
    assert.match(note.text, /Nothing was decided/, userId);
    const answer = await post(slack.signed(submission(userId, about(request.id), 'let me')));
    const body = (await answer.json()) as { response_action: string };
    assert.equal(body.response_action, 'errors', userId);
  }
  const elsewhere = await post(slack.signed(click('UANA', request.id, 'postern_approve', 'TEVIL')));
  assert.equal(elsewhere.status, 200);
  assert.match((await slack.next('chat.postEphemeral')).text, /not a member/);
  assert.ok(!slack.calls.some((call) => call.method === 'views.open'));
  assert.equal(await stateOf(at, request.id), 'pending');
});

test('the rules of every channel hold here: owner, groups, quorum of distinct people, a reason', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  const request = await approvals.ask(asked({ quorum: 2, approverGroups: [['data-stewards', 'security']] }));
  await post(slack.signed(click('UOLGA', request.id)));
  assert.match((await slack.next('chat.postEphemeral')).text, /they own the agent/);
  const errors = async (form: object): Promise<string> => {
    const answer = (await (await post(slack.signed(form))).json()) as { errors: { reason: string } };
    return answer.errors.reason;
  };
  assert.match(await errors(submission('UOLGA', about(request.id), 'mine')), /they own the agent/);
  assert.match(await errors(submission('UANA', about(request.id), null)), /needs a reason/);
  assert.match(await errors(submission('UANA', about(request.id), 'x\u202ey')), /control characters/);
  assert.equal(await (await post(slack.signed(submission('UANA', about(request.id), 'one')))).text(), '');
  assert.match(await errors(submission('UANA', about(request.id), 'again')), /distinct people/);
  assert.equal(await stateOf(at, request.id), 'pending');
  assert.equal(await (await post(slack.signed(submission('UBOB', about(request.id), 'two')))).text(), '');
  assert.equal(await stateOf(at, request.id), 'approved');
  assert.match(await errors(submission('UBOB', about(request.id, 'deny'), 'late')), /no longer pending/);
  const other = await approvals.ask(asked({ approverGroups: [['security']] }));
  assert.match(
    await errors(submission('UANA', about(other.id), 'not mine')),
    /one of these groups: security/,
  );
  assert.match(
    await errors(submission('UANA', about(other.id.slice(0, 4)), 'by its beginning')),
    /there is no request/,
  );
});

test('a forged, old, future, changed or repeated interaction is refused before anything is asked', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  const request = await approvals.ask(asked());
  await slack.next('chat.postMessage');
  const before = slack.calls.length;
  const form = submission('UANA', about(request.id), 'ok');
  const good = slack.signed(form);
  const withHeaders = (headers: Record<string, string>) => ({
    body: good.body,
    headers: { ...good.headers, ...headers },
  });
  const wrong = [
    withHeaders({ 'x-slack-signature': `v0=${'0'.repeat(64)}` }),
    withHeaders({ 'x-slack-signature': 'v0=' }),
    withHeaders({ 'x-slack-signature': (good.headers['x-slack-signature'] ?? '').replace('v0', 'v1') }),
    withHeaders({ 'x-slack-request-timestamp': String(Math.floor(Date.now() / 1000) - 1) }),
    withHeaders({ 'x-slack-request-timestamp': 'NaN' }),
    { body: `${good.body}&x=1`, headers: good.headers },
    { body: good.body, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    slack.signed(form, Date.now() - 301_000),
    slack.signed(form, Date.now() + 302_000),
  ];
  for (const [i, one] of wrong.entries()) assert.equal((await post(one)).status, 401, String(i));
  assert.equal(
    (await post({ body: good.body, headers: { ...good.headers, 'content-type': 'application/json' } }))
      .status,
    400,
  );
  const huge = slack.signed({ ...form, padding: 'x'.repeat(300_000) });
  assert.equal((await post(huge)).status, 413);
  assert.equal(slack.calls.length, before);
  assert.equal(await stateOf(at, request.id), 'pending');
  // Once only.
  assert.equal((await post(good)).status, 200);
  assert.equal((await post(good)).status, 401);
  assert.equal(await stateOf(at, request.id), 'approved');
});

test('what is too long to be shown whole can be decided neither by a click nor by a dialog', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  const statement = `SELECT ${'harmless, '.repeat(700)} pg_read_file(?)`;
  const request = await approvals.ask(asked({ statement }));
  const message = await slack.next('chat.postMessage');
  assert.ok(textOf(message.blocks).includes('too long to be shown whole'));
  assert.ok(!JSON.stringify(message).includes('postern_approve'));
  assert.ok(!JSON.stringify(message).includes('harmless'), 'no beginning that could be taken for the whole');
  await post(slack.signed(click('UANA', request.id)));
  assert.match((await slack.next('chat.postEphemeral')).text, /too long/);
  const answer = await post(slack.signed(submission('UANA', about(request.id), 'ok')));
  assert.match(await answer.text(), /too long/);
  assert.equal(await stateOf(at, request.id), 'pending');
  // The longest that fits is taken by Slack, however it is written.
  await approvals.ask(asked({ statement: '<&>"\\'.repeat(1000) }));
  await slack.next('chat.postMessage');
  await sleep(50);
  assert.equal(at.channels.list()[0]?.failed, 0, at.logged());
});

test('nothing an agent writes notifies, links, hides or turns around', async (t) => {
  const { slack, approvals } = await start(t);
  const evil =
    '<!channel> <@UANA> @here <https://evil.example|click> *bold* ``` :tada: \u202egnp.exe \u200b \u0007\nApproved by ana';
  await approvals.ask(asked({ statement: evil, statedReason: evil, relations: [evil] }));
  const message = await slack.next('chat.postMessage');
  assert.deepEqual(
    [message.parse, message.link_names, message.unfurl_links, message.unfurl_media, message.mrkdwn],
    ['none', false, false, false, false],
  );
  assert.match(message.text, /^Postern: Approval needed: \w{4}-\w{4}$/);
  const shown = textOf(message.blocks);
  assert.ok(shown.includes('\\u{202e}gnp.exe \\u{200b} \\u{7}\\nApproved by ana'));
  // The double refuses any text object that has markup, so that literal text is all there can be.
  assert.ok(!JSON.stringify(message.blocks).includes('"mrkdwn"'));
});

test('Slack failing delays messages and never decisions; Retry-After is heeded; what is hopeless is told', async (t) => {
  const at = await start(t);
  const { slack, approvals, channels } = at;
  const method = 'chat.postMessage';
  slack.instead.push({ method, status: 429, headers: { 'retry-after': '1' } });
  slack.instead.push({ method, status: 200, body: { ok: false, error: 'internal_error' } });
  slack.instead.push({ method, status: 302, headers: { location: 'http://127.0.0.1:1/' } });
  const since = performance.now();
  const request = await approvals.ask(asked());
  await approvals.decide(request.id, { name: 'bob', groups: [] }, 'deny', 'no', 'cli');
  assert.ok(performance.now() - since < 500, 'nobody waited for Slack');
  const update = await slack.next('chat.update');
  assert.ok(performance.now() - since >= 1000, 'Retry-After');
  assert.ok(textOf(update.blocks).includes('Denied'));
  assert.equal(channels.list()[0]?.retried, 3);
  slack.instead.push({ method, status: 200, body: { ok: false, error: 'channel_not_found' } });
  await approvals.ask(asked({ statement: 'SELECT secret_statement' }));
  for (let tries = 0; tries < 100 && channels.list()[0]?.failed === 0; tries += 1) await sleep(10);
  assert.match(at.logged(), /chat.postMessage: channel_not_found/);
  for (const secret of [slack.token, slack.signingSecret, 'secret_statement'])
    assert.ok(!at.logged().includes(secret));
});

test('what Slack is slow about is answered in time, and the person is told afterwards', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  const request = await approvals.ask(asked());
  slack.delays['users.info'] = 500;
  const since = performance.now();
  const answer = await post(slack.signed(submission('UANA', about(request.id), 'slowly')));
  assert.ok(performance.now() - since < 450, 'not later than Slack waits');
  assert.equal(await answer.text(), '');
  const note = await slack.next('chat.postEphemeral');
  assert.deepEqual([note.user, note.channel], ['UANA', 'C0APPROVE']);
  assert.match(note.text, /your decision is recorded/);
  assert.equal(await stateOf(at, request.id), 'approved');
});

test('a message that an earlier process left is put right when somebody clicks it', async (t) => {
  const at = await start(t);
  const { slack, approvals, post } = at;
  slack.instead.push({ method: 'chat.postMessage', status: 200, body: { ok: false, error: 'fatal' } });
  const request = await approvals.ask(asked());
  await approvals.withdraw(request.id, 'Postern restarted');
  await post(slack.signed(click('UANA', request.id)));
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Withdrawn'));
  assert.match((await slack.next('chat.postEphemeral')).text, /no longer pending/);
});

test('an agent that asks and asks is announced a bounded number of times', async (t) => {
  const { slack, approvals } = await start(t);
  for (let i = 0; i < 15; i += 1) await approvals.ask(asked());
  await approvals.ask(asked({ agent: 'other-bot' }));
  for (let i = 0; i < 12; i += 1) await slack.next('chat.postMessage');
  await sleep(50);
  const posts = slack.calls.filter((call) => call.method === 'chat.postMessage');
  assert.equal(posts.length, 12);
  assert.equal(posts.filter((call) => textOf(call.body.blocks).includes('asks very often')).length, 1);
  assert.equal(posts.filter((call) => textOf(call.body.blocks).includes('other-bot')).length, 1);
});

test('a request goes to the channels whose route it fits, and to no other', async (t) => {
  const slack = await startSlack(t);
  const routing = { ...EVERYTHING, environment: ['prod'], group: ['data-stewards'] };
  const { approvals, logged } = await house(t, [
    slackConfig(slack, { name: 'stewards', channel: '#stewards', routing }),
    slackConfig(slack, { name: 'code', channel: '#code', routing: { ...EVERYTHING, action: ['code'] } }),
  ]);
  await approvals.ask(asked({ approverGroups: [['security'], ['data-stewards']] }));
  assert.equal((await slack.next('chat.postMessage')).channel, '#stewards');
  const actions = [{ action: 'code' as const, command: 'do', reason: 'it runs code' }];
  await approvals.ask(asked({ actions, environment: 'staging' }));
  assert.equal((await slack.next('chat.postMessage')).channel, '#code');
  const lost = await approvals.ask(asked({ approverGroups: [['security']] }));
  await sleep(50);
  assert.equal(slack.calls.filter((call) => call.method === 'chat.postMessage').length, 2);
  assert.ok(logged().includes(`{"request":"${lost.id}"} no channel takes this request`));
});
