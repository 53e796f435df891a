import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asked } from '../api/support.ts';
import { member, startSlack, TEAM } from './slack-double.ts';
import { house, slackConfig } from './support.ts';

/** Anything that JSON can say, and things that look like what Slack sends but for a member or two. */
const payload = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      type: fc.constantFrom('block_actions', 'view_submission', 'shortcut', '__proto__'),
      user: fc.oneof(fc.constant({ id: 'UANA', team_id: TEAM }), fc.jsonValue()),
      trigger_id: fc.string(),
      container: fc.oneof(fc.constant({ channel_id: 'C0', message_ts: '1' }), fc.jsonValue()),
      actions: fc.oneof(fc.constant([{ action_id: 'postern_approve', value: 'k7f3-9qzm' }]), fc.jsonValue()),
      view: fc.oneof(
        fc.record({
          callback_id: fc.constantFrom('postern_decision', 'other'),
          private_metadata: fc.oneof(fc.json(), fc.string()),
          state: fc.oneof(fc.constant({ values: {} }), fc.jsonValue()),
        }),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: [] },
  ),
);

test('whatever a signed payload says, the answer is no failure of ours, and nothing is decided', async (t) => {
  const slack = await startSlack(t);
  slack.users['UANA'] = member('UANA', 'ana@example.com');
  const { approvals, post, logged } = await house(t, [slackConfig(slack)]);
  const request = await approvals.ask(asked());
  let count = 0;
  await fc.assert(
    fc.asyncProperty(payload, async (one) => {
      count += 1;
      // A counter, so that no two forms have the same signature.
      const { status } = await post(slack.signed({ nonce: count, ...Object(one) }));
      assert.ok(status === 200 || status === 400, `${status}`);
    }),
    { numRuns: 150 },
  );
  const bare = slack.signed({});
  const odd = [
    slack.sign('payload='),
    slack.sign('payload=%7B'),
    slack.sign('payload=null'),
    slack.sign(''),
    slack.sign('x'),
  ];
  for (const form of odd) assert.ok([200, 400].includes((await post(form)).status), form.body);
  assert.equal((await post(bare)).status, 200);
  assert.equal((await Promise.resolve(approvals.get(request.id))).state, 'pending');
  assert.doesNotMatch(logged(), /could not answer|could not be answered/);
});
