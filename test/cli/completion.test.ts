import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { program } from '../../src/cli/program.ts';
import { asked, bench } from '../api/support.ts';
import { as, folder, run } from './support.ts';

test('ids of what is pending, and nothing where there is no answer', async (t) => {
  const house = await bench(t);
  const at = { cwd: folder(t), env: as('ana', house) };
  const { id } = await house.approvals.ask(asked());
  assert.equal((await run(['completion', 'ids'], at)).out, `${id}\n`);
  await house.stop();
  const gone = await run(['completion', 'ids'], at);
  assert.deepEqual([gone.code, gone.out, gone.err], [0, '', '']);
  assert.equal((await run(['completion', 'tcsh'], at)).code, 2);
});

test('every command is in every script, and bash completes with it', async (t) => {
  const cwd = folder(t);
  const names = program().commands.map((one) => one.name());
  assert.ok(names.length >= 12);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out } = await run(['completion', shell], { cwd });
    for (const name of names) assert.match(out, new RegExp(`\\b${name}\\b`), `${shell} ${name}`);
  }
  const script = join(cwd, 'completion.bash');
  writeFileSync(script, (await run(['completion', 'bash'], { cwd })).out);
  const complete = (...words: string[]): string[] => {
    const asking = `
      source ${script}
      postern() { printf 'k7f3-9qzm\\nb000-0000\\n'; }
      COMP_WORDS=(postern "$@"); COMP_CWORD=$#; _postern; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', asking, 'bash', ...words], { encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.split('\n').filter((line) => line !== '');
  };
  assert.deepEqual(complete('appr'), ['approve']);
  assert.deepEqual(complete('approve', 'k'), ['k7f3-9qzm']);
  assert.deepEqual(complete('approve', '--re'), ['--reason']);
  assert.deepEqual(complete('audit', 'v'), ['verify']);
});
