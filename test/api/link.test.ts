import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asked } from '../approvals/support.ts';
import { bench } from './support.ts';

test('a link shows how to answer and nothing of the request, whether there is one or not', async (t) => {
  const { url, approvals } = await bench(t);
  const { id } = await approvals.ask(asked(), "select 'secret'");
  const read = async (of: string): Promise<string> => {
    const answer = await fetch(`${url}/requests/${of}`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    return answer.text();
  };
  const page = await read(id);
  assert.ok(page.includes(`postern approve ${id} --reason`));
  assert.ok(page.includes(`postern show ${id}`));
  assert.equal((await read('zzzz-zzzz')).replaceAll('zzzz-zzzz', id), page);
  for (const bad of ['x', '<script>', 'zzzz-zzzz%0a', '..%2fv1'])
    assert.equal((await fetch(`${url}/requests/${bad}`)).status, 400, bad);
});
