/** The container files, checked as far as they can be without a container engine. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadInstallation } from '../../src/config/installation-file.ts';
import { parseRules } from '../../src/config/rules-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

type Service = {
  environment: Record<string, string>;
  volumes: string[];
  ports?: string[];
  networks: string[];
  build?: string;
};
type Compose = {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean }>;
  volumes: Record<string, unknown>;
};

const compose = parse(read('docker-compose.yml')) as Compose;

function service(name: string): Service {
  const found = compose.services[name];
  assert.ok(found, `docker-compose.yml has no service ${name}`);
  return found;
}

/** Instructions of the Dockerfile with continued lines joined. */
const instructions = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => ({ word: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));

test('every COPY source is in the tree and let through by .dockerignore', () => {
  const letThrough = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1).replace(/\/$/, ''));
  const sources = instructions
    .filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from'))
    .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
  assert.ok(sources.includes('package-lock.json') && sources.includes('src'));
  for (const source of sources) {
    assert.ok(existsSync(join(root, source)), `${source} does not exist`);
    assert.ok(letThrough.includes(source), `.dockerignore keeps ${source} out of the build`);
  }
});

test('the image runs unprivileged, in the exec form, and knows when it is ill', () => {
  const last = instructions.slice(instructions.findLastIndex(({ word }) => word === 'FROM'));
  const one = (word: string): string => last.find((instruction) => instruction.word === word)?.rest ?? '';
  assert.equal(one('USER'), 'node');
  assert.match(one('HEALTHCHECK'), /127\.0\.0\.1:6433\/healthz/);
  assert.match(read('src/api/routes/health.ts'), /'\/healthz'/);
  for (const word of ['ENTRYPOINT', 'CMD']) assert.ok(Array.isArray(JSON.parse(one(word))), word);
  const major = /node:(\d+)-slim/.exec(one('FROM'))?.[1];
  const manifest = JSON.parse(read('package.json')) as {
    engines: { node: string };
    bin: { postern: string };
  };
  assert.equal(manifest.engines.node, `>=${major}`);
  assert.ok(one('ENTRYPOINT').includes(manifest.bin.postern));
});

test('only Postern can be reached, and only from this machine', () => {
  assert.deepEqual(Object.keys(compose.services).toSorted(), ['database', 'postern']);
  assert.equal(service('database').ports, undefined);
  assert.deepEqual(service('database').networks, ['inside']);
  assert.equal(compose.networks['inside']?.internal, true);
  for (const port of service('postern').ports ?? []) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/);
});

test('every mount has a file or a volume behind it', () => {
  for (const { volumes } of Object.values(compose.services)) {
    for (const mount of volumes) {
      const [source = ''] = mount.split(':');
      if (source.startsWith('.')) assert.ok(existsSync(join(root, source)), `${source} does not exist`);
      else assert.ok(Object.hasOwn(compose.volumes, source), `${source} is not among the volumes`);
    }
  }
});

test('no secret is written down, and a missing one stops the start', () => {
  for (const { environment } of Object.values(compose.services)) {
    for (const [name, value] of Object.entries(environment)) {
      if (/PASSWORD|KEY/.test(name)) assert.match(value, new RegExp(`^\\$\\{${name}:\\?`));
    }
  }
});

test('the configuration of the container loads with the secrets that compose gives it', () => {
  const { environment, volumes } = service('postern');
  const env = Object.fromEntries(Object.keys(environment).map((name) => [name, 'ab'.repeat(32)]));
  const reading = loadInstallation(join(root, 'fixtures/docker/config/postern.yaml'), env);
  assert.equal(reading.kind, 'ok', JSON.stringify(reading));
  if (reading.kind !== 'ok') return;
  const { installation } = reading;
  assert.equal(installation.databases.get('shop')?.host, 'database');
  assert.ok(volumes.some((mount) => mount.endsWith(`:${installation.trail.folder}`)));
  assert.ok(
    volumes.some((mount) =>
      (installation.store.kind === 'sqlite' ? installation.store.file : '').startsWith(
        `${mount.split(':')[1]}/`,
      ),
    ),
  );
  const missing = loadInstallation(join(root, 'fixtures/docker/config/postern.yaml'), {});
  assert.equal(missing.kind, 'invalid');
  for (const file of ['fixtures/docker/config/rules.yaml', 'fixtures/demo/rules.yaml']) {
    const rules = parseRules(readFileSync(join(root, file)), file);
    assert.equal(rules.kind, 'ok', JSON.stringify(rules));
  }
});
