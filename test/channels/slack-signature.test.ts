import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ANNOUNCED, MAX_REMEMBERED } from '../../src/channels/limits.ts';
import { SlackSignatures, slackSignature } from '../../src/channels/slack-signature.ts';
import { Throttle } from '../../src/channels/throttle.ts';

const at = 1_531_420_618;

test("the example of Slack's documentation fits", () => {
  const secret = '8f742231b10e8888abcd99yyyzzz85a5';
  const body = Buffer.from(
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  );
  const signature = 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503';
  assert.equal(slackSignature(secret, String(at), body), signature);
  const signatures = new SlackSignatures(['other', secret], () => at * 1000);
  assert.equal(signatures.accept({ timestamp: String(at), signature, body }), secret);
});

test('a signature is good once within its window, and nothing still good is ever forgotten', () => {
  let now = at;
  const signatures = new SlackSignatures(['s'], () => now * 1000);
  const signed = (n: number, timestamp: number) => {
    const body = Buffer.from(`payload=${n}`);
    return { timestamp: String(timestamp), signature: slackSignature('s', String(timestamp), body), body };
  };
  // From the future, so that it stays good for ten minutes.
  assert.equal(signatures.accept(signed(-1, at + 300)), 's');
  for (let n = 1; n < MAX_REMEMBERED; n += 1) assert.equal(signatures.accept(signed(n, at)), 's');
  assert.equal(signatures.accept(signed(MAX_REMEMBERED, at)), null, 'full: refused, not let in again later');
  for (now = at; now <= at + 600; now += 60)
    assert.equal(signatures.accept(signed(-1, at + 300)), null, String(now));
  now = at + 301;
  assert.equal(signatures.accept(signed(1, now)), 's', 'room again');
  now = at + 601;
  assert.equal(signatures.accept(signed(-1, at + 300)), null, 'now too old');
});

test('an agent is announced anew after the window, and has no say in the window of another', () => {
  let now = 0;
  const throttle = new Throttle(() => now);
  const said = (agent: string, times: number) => Array.from({ length: times }, () => throttle.next(agent));
  const first = said('a', MAX_ANNOUNCED + 3);
  assert.deepEqual(first.slice(MAX_ANNOUNCED - 1), ['tell', 'hint', 'silent', 'silent']);
  assert.equal(throttle.next('b'), 'tell');
  now = 599_999;
  assert.equal(throttle.next('a'), 'silent');
  now = 600_000;
  assert.equal(throttle.next('a'), 'tell');
});
