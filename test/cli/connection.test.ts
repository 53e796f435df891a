import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findConnection, findTrailFolder } from '../../src/cli/connection.ts';
import { UsageError } from '../../src/cli/exit-codes.ts';
import { folder } from './support.ts';

const here = (url: string): string => `http://127.0.0.1:${url}`;

function write(place: string, content: unknown, mode = 0o600): string {
  mkdirSync(join(place, '.postern'), { recursive: true });
  const file = join(place, '.postern', 'cli.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  chmodSync(file, mode);
  return file;
}

test("flags come before the environment, that before files, and the nearest file before the home's", (t) => {
  const home = folder(t);
  const deep = join(home, 'a', 'b');
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(home, '.config', 'postern'), { recursive: true });
  const homeFile = join(home, '.config', 'postern', 'cli.json');
  writeFileSync(homeFile, JSON.stringify({ url: here('1'), token: 'home' }));
  chmodSync(homeFile, 0o600);
  const env = { HOME: home };
  assert.deepEqual(findConnection({}, env, deep), { url: here('1'), token: 'home' });
  write(join(home, 'a'), { url: `${here('2')}/`, token: 'above', trail: '../trail' });
  assert.deepEqual(findConnection({}, env, deep), { url: here('2'), token: 'above' });
  assert.equal(findTrailFolder(env, deep), join(home, 'a', 'trail'));
  const full = { ...env, POSTERN_URL: here('3'), POSTERN_TOKEN: 'env' };
  assert.deepEqual(findConnection({}, full, deep), { url: here('3'), token: 'env' });
  assert.deepEqual(findConnection({ url: here('4'), token: 'flag' }, full, deep), {
    url: here('4'),
    token: 'flag',
  });
  assert.deepEqual(findConnection({ url: here('4') }, env, deep), { url: here('4'), token: 'above' });
});

test('a token is never sent to a url from another place', (t) => {
  const place = folder(t);
  assert.deepEqual(findConnection({ token: 'x' }, { HOME: place }, place), { url: here('6433'), token: 'x' });
  write(place, { url: here('666') });
  assert.throws(() => findConnection({ token: 'x' }, { HOME: place }, place), UsageError);
  assert.throws(() => findConnection({}, { HOME: place, POSTERN_TOKEN: 'x' }, place), UsageError);
});

test('a file that others can read, or that is not as expected, is refused and not passed over', (t) => {
  const place = folder(t);
  for (const mode of [0o640, 0o604, 0o660, 0o601]) {
    write(place, { url: here('1'), token: 'x' }, mode);
    assert.throws(() => findConnection({}, { HOME: place }, place), /can be read by others/);
  }
  for (const content of ['{', '[]', { token: 5 }, { tokn: 'x' }]) {
    write(place, content);
    assert.throws(() => findConnection({}, { HOME: place }, place), /not as expected/);
  }
});

test('no token, and urls that a token must not go to', (t) => {
  const place = folder(t);
  assert.throws(() => findConnection({}, { HOME: place }, place), /no token/);
  for (const url of [
    'http://10.0.0.1',
    'http://example.com',
    'ftp://localhost',
    'nonsense',
    'http://user:pw@localhost',
    'http://127.0.0.1.example.com',
  ]) {
    assert.throws(() => findConnection({ url, token: 'x' }, { HOME: place }, place), UsageError, url);
  }
  for (const url of ['https://postern.example.com', 'http://localhost:1', 'http://[::1]:1']) {
    assert.equal(findConnection({ url, token: 'x' }, { HOME: place }, place).url, url);
  }
});
