/** What is kept of logins' passwords, and that it is never given for another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saltedPasswords } from '../../src/net/salted-passwords.ts';
import { saltPassword } from '../../src/wire/scram.ts';

const [SALT, OTHER] = [Buffer.from('sixteen bytes ..'), Buffer.from('sixteen other ..')];

/** Salts with a count of how often it had to. */
function counted(): { times: number; salter: typeof saltPassword } {
  const state = {
    times: 0,
    salter: (...of: Parameters<typeof saltPassword>): Promise<Buffer> => {
      state.times += 1;
      return saltPassword(...of);
    },
  };
  return state;
}

test('the same login, password, salt and iterations are salted once, for those who ask at once too', async () => {
  const count = counted();
  const salt = saltedPasswords({}, count.salter);
  const [one, two] = await Promise.all([salt('p', SALT, 10), salt('p', Buffer.from(SALT), 10)]);
  assert.deepEqual(one, await saltPassword('p', SALT, 10));
  assert.deepEqual(two, one);
  assert.equal(count.times, 1);
});

test('another password, salt, number of iterations or login is another', async () => {
  const count = counted();
  const login = {};
  const salt = saltedPasswords(login, count.salter);
  for (const [password, bytes, iterations] of [
    ['p', SALT, 10],
    ['q', SALT, 10],
    ['q', OTHER, 10],
    ['q', OTHER, 11],
  ] as const)
    assert.deepEqual(
      await salt(password, bytes, iterations),
      await saltPassword(password, bytes, iterations),
    );
  assert.equal(count.times, 4);
  await saltedPasswords(login, count.salter)('q', OTHER, 11);
  assert.equal(count.times, 4);
  await saltedPasswords({}, count.salter)('q', OTHER, 11);
  assert.equal(count.times, 5);
});

test('a salt that is overwritten by its giver is not what was kept', async () => {
  const count = counted();
  const salt = saltedPasswords({}, count.salter);
  const bytes = Buffer.from(SALT);
  await salt('p', bytes, 10);
  bytes.fill(0);
  assert.deepEqual(await salt('p', bytes, 10), await saltPassword('p', bytes, 10));
  assert.equal(count.times, 2);
});

test('what could not be salted is tried again', async () => {
  const count = counted();
  const login = {};
  const failing = saltedPasswords(login, () => Promise.reject(new Error('no thread')));
  await assert.rejects(failing('p', SALT, 10), /no thread/);
  await saltedPasswords(login, count.salter)('p', SALT, 10);
  assert.equal(count.times, 1);
});
