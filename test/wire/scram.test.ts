import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PosternError, type ErrorCode } from '../../src/errors.ts';
import {
  makeVerifier,
  mockVerifier,
  saslprep,
  ScramClient,
  scramMechanisms,
  ScramServer,
} from '../../src/wire/scram.ts';

const SALT = Buffer.alloc(16, 3);
const HASH = createHash('sha256').update('certificate').digest();
const NONCE = 'c2VydmVyLW5vbmNlLXJhbmRvbQ==';
const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');
const fails =
  (code: ErrorCode, text?: RegExp) =>
  (error: unknown): boolean =>
    error instanceof PosternError && error.code === code && (text === undefined || text.test(error.message));
const violated = (text?: RegExp) => fails('protocol-violation', text);

type Setup = {
  password?: string;
  with?: string;
  clientBinding?: Buffer | null;
  serverBinding?: Buffer | null;
};

/** One exchange; `with` is the password the client uses. */
async function exchange(setup: Setup): Promise<'accepted' | 'rejected'> {
  const { password = 'secret', serverBinding = null, clientBinding = null } = setup;
  const verifier = await makeVerifier(password, { salt: SALT, iterations: 10 });
  const server = new ScramServer({ verifier, nonce: NONCE, channelBinding: serverBinding });
  const client = new ScramClient({
    password: setup.with ?? password,
    nonce: 'client-nonce',
    channelBinding: clientBinding,
  });
  const { mechanism, message } = client.start(scramMechanisms(serverBinding));
  const answer = await client.continue(bytes(server.first(mechanism, bytes(message))));
  const outcome = server.final(bytes(answer));
  if (outcome.kind === 'accepted') client.finish(bytes(outcome.message));
  assert.equal(client.done, outcome.kind === 'accepted');
  return outcome.kind;
}

describe('RFC 7677 section 3', () => {
  const clientNonce = 'rOprNGfwEbeRWgbNEkqO';
  const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0';
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const serverFirst = `r=${clientNonce}${serverNonce},s=${salt.toString('base64')},i=4096`;
  const clientFinal = `c=biws,r=${clientNonce}${serverNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`;
  const serverFinal = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

  it('is what the server computes, user name and all', async () => {
    const verifier = await makeVerifier('pencil', { salt });
    const server = new ScramServer({ verifier, nonce: serverNonce, channelBinding: null });
    assert.equal(server.first('SCRAM-SHA-256', bytes(`n,,n=user,r=${clientNonce}`)), serverFirst);
    assert.deepEqual(server.final(bytes(clientFinal)), { kind: 'accepted', message: serverFinal });
  });

  it('is the verifier that PostgreSQL stores', async () => {
    assert.equal(
      await makeVerifier('pencil', { salt }),
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });
});

describe('SCRAM, both sides', () => {
  it('agree on the right password and on no other', async () => {
    assert.equal(await exchange({}), 'accepted');
    assert.equal(await exchange({ with: 'Secret' }), 'rejected');
    assert.equal(await exchange({ password: '', with: 'x' }), 'rejected');
    assert.equal(await exchange({ password: 'sésame ½ \u{1F600}' }), 'accepted');
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        async (password, other) => {
          assert.equal(await exchange({ password }), 'accepted');
          const equal = saslprep(password).toWellFormed() === saslprep(other).toWellFormed();
          assert.equal(await exchange({ password, with: other }), equal ? 'accepted' : 'rejected');
        },
      ),
      { numRuns: 40 },
    );
  });

  it('bind the channel where both can', async () => {
    assert.equal(await exchange({ clientBinding: HASH, serverBinding: HASH }), 'accepted');
    assert.equal(await exchange({ clientBinding: HASH, serverBinding: HASH, with: 'wrong' }), 'rejected');
    assert.equal(await exchange({ clientBinding: null, serverBinding: HASH }), 'accepted');
    assert.equal(await exchange({ clientBinding: HASH, serverBinding: null }), 'accepted');
  });

  it('notice somebody in the middle with another certificate', async () => {
    const other = createHash('sha256').update('imposter').digest();
    await assert.rejects(
      exchange({ clientBinding: other, serverBinding: HASH }),
      violated(/channel binding check failed/),
    );
  });

  it('notice that -PLUS was taken off the list on its way', async () => {
    const verifier = await makeVerifier('secret', { salt: SALT, iterations: 10 });
    const server = new ScramServer({ verifier, nonce: NONCE, channelBinding: HASH });
    const client = new ScramClient({ password: 'secret', nonce: 'abc', channelBinding: HASH });
    const { mechanism, message } = client.start(['SCRAM-SHA-256']);
    assert.equal(message, 'y,,n=,r=abc');
    assert.throws(() => server.first(mechanism, bytes(message)), violated(/did not see it/));
  });
});

describe('ScramServer', () => {
  const verifier = mockVerifier('nobody', SALT, 10);
  const start = (channelBinding: Buffer | null = null): ScramServer =>
    new ScramServer({ verifier, nonce: NONCE, channelBinding });

  const badFirst: readonly [string, string, string | null, Buffer | null][] = [
    ['an unknown mechanism', 'PLAIN', 'n,,n=,r=abc', null],
    ['-PLUS where it was not offered', 'SCRAM-SHA-256-PLUS', 'p=tls-server-end-point,,n=,r=abc', null],
    ['-PLUS without binding', 'SCRAM-SHA-256-PLUS', 'n,,n=,r=abc', HASH],
    ['-PLUS with y', 'SCRAM-SHA-256-PLUS', 'y,,n=,r=abc', HASH],
    ['binding without -PLUS', 'SCRAM-SHA-256', 'p=tls-server-end-point,,n=,r=abc', HASH],
    ['another type of binding', 'SCRAM-SHA-256-PLUS', 'p=tls-unique,,n=,r=abc', HASH],
    ['no response', 'SCRAM-SHA-256', null, null],
    ['an empty response', 'SCRAM-SHA-256', '', null],
    ['an authorization identity', 'SCRAM-SHA-256', 'n,a=root,n=,r=abc', null],
    ['a mandatory extension', 'SCRAM-SHA-256', 'n,,m=x,n=,r=abc', null],
    ['no user', 'SCRAM-SHA-256', 'n,,r=abc', null],
    ['no nonce', 'SCRAM-SHA-256', 'n,,n=', null],
    ['an empty nonce', 'SCRAM-SHA-256', 'n,,n=,r=', null],
    ['a nonce with a space', 'SCRAM-SHA-256', 'n,,n=,r=a b', null],
    ['a nonce that is not ASCII', 'SCRAM-SHA-256', 'n,,n=,r=é', null],
    ['a NUL', 'SCRAM-SHA-256', 'n,,n=\0,r=abc', null],
    ['a broken extension', 'SCRAM-SHA-256', 'n,,n=,r=abc,xx', null],
    ['a mandatory extension at the end', 'SCRAM-SHA-256', 'n,,n=,r=abc,m=1', null],
    ['an unknown flag', 'SCRAM-SHA-256', 'z,,n=,r=abc', null],
    ['no flag', 'SCRAM-SHA-256', ',,n=,r=abc', null],
    ['a message over 1,024 bytes', 'SCRAM-SHA-256', `n,,n=,r=${'a'.repeat(1_024)}`, null],
  ];
  for (const [what, mechanism, message, binding] of badFirst) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => start(binding).first(mechanism, message === null ? null : bytes(message)),
        violated(),
      );
    });
  }

  const proof = Buffer.alloc(32).toString('base64');
  const badFinal: readonly [string, string][] = [
    ['an empty message', ''],
    ['no proof', `c=biws,r=abc${NONCE}`],
    ['a proof that is too short', `c=biws,r=abc${NONCE},p=AAAA`],
    ['a proof that is not base64', `c=biws,r=abc${NONCE},p=${proof.replace('A', '*')}`],
    ['a proof in base64 with a loose end', `c=biws,r=abc${NONCE},p=${proof.slice(0, -2)}B=`],
    ['bytes after the proof', `c=biws,r=abc${NONCE},p=${proof},x=1`],
    ['another nonce', `c=biws,r=abc,p=${proof}`],
    ["the client's nonce doubled", `c=biws,r=abcabc${NONCE},p=${proof}`],
    ['another header', `c=eSws,r=abc${NONCE},p=${proof}`],
    ['no header', `r=abc${NONCE},p=${proof}`],
    ['a mandatory extension', `c=biws,r=abc${NONCE},m=1,p=${proof}`],
  ];
  for (const [what, message] of badFinal) {
    it(`refuses ${what} in the final message`, () => {
      const server = start();
      server.first('SCRAM-SHA-256', bytes('n,,n=,r=abc'));
      assert.throws(() => server.final(bytes(message)), violated());
    });
  }

  it('rejects a well-formed proof that is wrong, once, and takes no second', () => {
    const server = start();
    server.first('SCRAM-SHA-256', bytes('n,,n=,r=abc,x=ignored'));
    const message = bytes(`c=biws,r=abc${NONCE},p=${proof}`);
    assert.deepEqual(server.final(message), { kind: 'rejected' });
    assert.throws(() => server.final(message), violated(/out of order/));
    assert.throws(() => server.first('SCRAM-SHA-256', bytes('n,,n=,r=abc')), violated(/out of order/));
    assert.throws(() => start().final(message), violated(/out of order/));
  });

  it('throws nothing but PosternErrors, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'n',
        'y',
        'p=',
        ',',
        ',,',
        'n=',
        'r=',
        'c=biws',
        'p=',
        'tls-server-end-point',
        NONCE,
        proof,
        'abc',
        '=',
        'm=',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const message = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((parts) => bytes(parts.join(''))),
      fc.uint8Array({ maxLength: 40 }).map((b) => Buffer.from(b)),
    );
    fc.assert(
      fc.property(message, message, fc.boolean(), (first, final, bound) => {
        const server = start(bound ? HASH : null);
        for (const run of [
          () => server.first(bound ? 'SCRAM-SHA-256-PLUS' : 'SCRAM-SHA-256', first),
          () => server.final(final),
        ]) {
          try {
            run();
          } catch (error) {
            assert.ok(violated()(error), String(error));
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('ScramClient', () => {
  const start = (): ScramClient => {
    const client = new ScramClient({ password: 'secret', nonce: 'abc', channelBinding: null });
    client.start(['SCRAM-SHA-256']);
    return client;
  };
  const salt = SALT.toString('base64');

  const badServerFirst: readonly [string, string][] = [
    ['an empty message', ''],
    ['a nonce that is not a continuation', `r=xyzserver,s=${salt},i=10`],
    ['its own nonce back', `r=abc,s=${salt},i=10`],
    ['no salt', 'r=abcdef,i=10'],
    ['an empty salt', 'r=abcdef,s=,i=10'],
    ['a salt that is not base64', 'r=abcdef,s=!,i=10'],
    ['no iterations', `r=abcdef,s=${salt}`],
    ['0 iterations', `r=abcdef,s=${salt},i=0`],
    ['negative iterations', `r=abcdef,s=${salt},i=-1`],
    ['iterations that take for ever', `r=abcdef,s=${salt},i=1000001`],
    ['iterations beyond a number', `r=abcdef,s=${salt},i=99999999999999999999`],
    ['a mandatory extension', `m=1,r=abcdef,s=${salt},i=10`],
  ];
  for (const [what, message] of badServerFirst) {
    it(`refuses ${what}`, async () => assert.rejects(start().continue(bytes(message)), violated()));
  }

  it('believes no server without the right signature', async () => {
    for (const message of [
      'v=AAAA',
      `v=${Buffer.alloc(32).toString('base64')}`,
      'e=other-error',
      '',
      'v=',
      'x',
    ]) {
      const client = start();
      await client.continue(bytes(`r=abcdef,s=${salt},i=10`));
      assert.throws(() => client.finish(bytes(message)), violated());
      assert.ok(!client.done);
      assert.throws(() => client.finish(bytes(message)), violated(/out of order/));
    }
  });

  it('keeps the order', async () => {
    const client = new ScramClient({ password: 'x', nonce: 'abc', channelBinding: null });
    await assert.rejects(client.continue(bytes('')), violated(/out of order/));
    assert.throws(() => client.finish(bytes('')), violated(/out of order/));
    client.start(['SCRAM-SHA-256']);
    assert.throws(() => client.start(['SCRAM-SHA-256']), violated(/out of order/));
    assert.throws(() => client.finish(bytes('')), violated(/out of order/));
  });

  it('takes -PLUS only with something to bind, and nothing that is not SCRAM-SHA-256', () => {
    const none = (): ScramClient => new ScramClient({ password: 'x', nonce: 'abc', channelBinding: null });
    assert.equal(none().start(['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256']).mechanism, 'SCRAM-SHA-256');
    assert.throws(() => none().start(['SCRAM-SHA-256-PLUS']), violated());
    assert.throws(() => none().start(['PLAIN', 'SCRAM-SHA-1', 'OAUTHBEARER']), violated());
    const bound = new ScramClient({ password: 'x', nonce: 'abc', channelBinding: HASH });
    assert.equal(bound.start(['SCRAM-SHA-256-PLUS']).message, 'p=tls-server-end-point,,n=,r=abc');
  });

  it('takes no nonce that would break the message', () => {
    for (const nonce of ['', 'a,b', 'a b', 'é']) {
      assert.throws(
        () => new ScramClient({ password: 'x', nonce, channelBinding: null }),
        fails('bad-input'),
      );
      assert.throws(
        () => new ScramServer({ verifier: mockVerifier('a', SALT), nonce, channelBinding: null }),
        fails('bad-input'),
      );
    }
  });
});
