/** The whole house: an agent's held statement reaches Slack, a click there lets it run. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { startHarness } from '../e2e/harness.ts';
import { textOf } from './block-kit.ts';
import { TEAM, member, startSlack } from './slack-double.ts';

/** `fetch` has its own Host. */
function postAs(
  host: string,
  url: string,
  form: { body: string; headers: Record<string, string> },
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { ...form.headers, host, 'content-length': Buffer.byteLength(form.body) };
  const sent = httpRequest(url, { method: 'POST', headers }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  });
  sent.on('error', reject).end(form.body);
  return promise;
}

test('a held COPY is approved in Slack, runs, and the message says so; stopping withdraws what waits', async (t) => {
  const slack = await startSlack(t);
  slack.users['UDANA'] = member('UDANA', 'nobody@example.com');
  const secret = (text: string) => `{ inline: '${text}' }`;
  const harness = await startHarness({
    approver: 'slack: UDANA',
    more: `
channels:
  - name: stewards
    kind: slack
    channel: '#db'
    token: ${secret(slack.token)}
    signingSecret: ${secret(slack.signingSecret)}
    apiUrl: ${slack.apiUrl}
    for: { group: stewards }
`,
  });
  t.after(() => harness.stop());
  const agent = await harness.agent();
  const running = agent.query(
    "/* reason: <!channel> look */ create table copied as select id, 'p1anted' as x from orders",
  );
  const failed = assert.rejects(running, /denied by dana: no copies/);
  const message = await slack.next('chat.postMessage');
  assert.ok(textOf(message.blocks).includes('<!channel> look'));
  assert.ok(!JSON.stringify(message).includes('p1anted'), 'no literal leaves');
  const { id } = await harness.nextRequest();
  const submit = (metadata: object, reason: string) =>
    slack.signed({
      type: 'view_submission',
      user: { id: 'UDANA', team_id: TEAM },
      view: {
        callback_id: 'postern_decision',
        private_metadata: JSON.stringify(metadata),
        state: { values: { reason: { reason: { value: reason } } } },
      },
    });
  const url = `${harness.api}/channels/slack/interactions`;
  const deny = submit({ id, decision: 'deny', channel: 'C0APPROVE' }, 'no copies');
  assert.equal(await postAs('postern.example.com', url, deny), 200);
  await failed;
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Denied by dana (slack): no copies'));

  const copying = agent.query('create table copied as select id from orders');
  await slack.next('chat.postMessage');
  const next = await harness.nextRequest();
  const approve = submit({ id: next.id, decision: 'approve', channel: 'C0APPROVE' }, 'go on');
  assert.equal(await postAs('postern.example.com', url, approve), 200);
  await copying;
  const texts = [await slack.next('chat.update'), await slack.next('chat.update')].map((one) =>
    textOf(one.blocks),
  );
  assert.ok(texts[1]?.includes('Approved and used'), texts.join('\n'));
  assert.equal(
    await postAs('postern.example.com', `${harness.api}/v1/requests`, approve),
    403,
    'only the signed route',
  );
  assert.match(await harness.trail(), /"approver":"dana","channel":"slack"/);

  const waiting = agent.query('create table again as select id from orders').catch(() => undefined);
  await slack.next('chat.postMessage');
  await harness.postern.stop();
  await waiting;
  assert.ok(textOf((await slack.next('chat.update')).blocks).includes('Withdrawn'));
});
