import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DETECT_MAX_BYTES } from '../../src/masking/limits.ts';
import { DETECTORS } from '../../src/policy/rules.ts';
import type { Detector, FindingMask, MaskFunction } from '../../src/policy/rules.ts';
import { maskedText } from './support.ts';

const TEXT = { typeOid: 25, format: 0 } as const;
const detect = (detectors: readonly Detector[], mask: FindingMask = { kind: 'label' }): MaskFunction => ({
  kind: 'detect',
  detectors,
  with: mask,
});
const only = (detector: Detector, value: string): string => maskedText(detect([detector]), value, TEXT)!;
const all = (value: string, mask: FindingMask = { kind: 'label' }): string =>
  maskedText(detect(DETECTORS, mask), value, TEXT)!;

/** Not keys of anyone: made of a prefix and one letter, here and not in one piece, so that scanners are quiet. */
const key = (prefix: string, chars: number): string => prefix + 'a1B2c3D4e5'.repeat(10).slice(0, chars);
const encoded = (value: string): string => Buffer.from(value).toString('base64url');
const jwt = (header: string): string => `${encoded(header)}.${encoded('{"sub":"1"}')}.${'s1G-_'.repeat(8)}`;
const pem = (label: string): string => `-----BEGIN ${label}-----\nMIIB/+=\nAAAA\n-----END ${label}-----`;

/** What must be found whole: `<…>` marks it. */
const FOUND: Readonly<Record<Detector, readonly string[]>> = {
  email: [
    '<jane@example.com>',
    'mail <jane.doe+x_y@mail.example.co.uk>, please.',
    'to <a@b.co>.',
    '"Jane" <<jane@example.com>>',
    'mailto:<x@y.museum>?subject=1',
    '<"jane doe"@example.com>',
    '<é@пример.рф> x',
    'two: <a@b.de>,<c@d.de>;<e@f.de>',
    '<jane@example.com>.5 and 1',
    `<${'x'.repeat(100)}@example.com>`,
  ],
  'payment-card': [
    '<4111111111111111>',
    'card <4111 1111 1111 1111> 12/25',
    'card <4111-1111-1111-1111>.',
    '<378282246310005>',
    '<3782 822463 10005>, <6011000990139424>',
    'x<5555555555554444>y',
    'no. 1 <4111 1111 1111 1111>',
    '<4111\u00a01111\u00a01111\u00a01111>, <4111\u20131111\u20131111\u20131111>',
    '<4222222222222>',
  ],
  'us-ssn': ['<123-45-6789>', 'ssn:<123 45 6789>.', '<123456789>', 'x <078‑05‑1120> y', '(<899-99-9999>)'],
  iban: [
    '<DE89370400440532013000>',
    'IBAN: <DE89 3704 0044 0532 0130 00>, BIC',
    '<GB29 NWBK 6016 1331 9268 19> x',
    'iban<gb29nwbk60161331926819>',
    '<NO93 8601 1117 947>.',
    '<FR14-2004-1010-0505-0001-3M02-606> 2024',
    '<MT84MALT011000012345MTLCAST001S>',
  ],
  phone: [
    '<+49 171 1234567>',
    '<+1 (555) 123-4567>',
    'call <(555) 234-5678> or <555.234.5678>',
    '<0049 171 1234567>',
    '<0171/1234567>, <030 1234 5678>',
    '<+44 (0)20 7946 0958>',
    '<+(49) 30 123456>',
    '<5552345678>',
    '<1-555-234-5678>',
  ],
  'api-key': [
    `<${key('sk_live_', 24)}>`,
    `key=<${key('AKIA', 16)}>;`,
    `"<${key('ghp_', 36)}>".`,
    `<${key('xoxb-', 40)}>`,
    `<${key('AIza', 35)}>`,
    `token <${key('github_pat_', 60)}>.`,
    `<${key('sk-ant-', 40)}>`,
  ],
  jwt: [
    `<${jwt('{"alg":"HS256"}')}>`,
    `Bearer <${jwt('{ "alg": "none" }')}>.`.replace('>.', '>, '),
    `token=<${jwt('{\n"alg":"RS256"}')}>`,
    `x_<${jwt('{"typ":"JWT"}')}>`,
    `<${encoded('{"alg":"none"}')}.${encoded('{}')}.>`,
    `<${encoded('{"enc":"x"}')}.a.b.c.d>`,
  ],
  'private-key': [
    `<${pem('PRIVATE KEY')}>`,
    `before\n<${pem('RSA PRIVATE KEY')}>\nafter`,
    `<${pem('OPENSSH PRIVATE KEY')}> <${pem('ENCRYPTED PRIVATE KEY')}>`,
    `<${pem('PGP PRIVATE KEY BLOCK')}>`,
    '<-----BEGIN EC PRIVATE KEY-----\nMIIB and no end>',
    '-----BEGIN x <-----BEGIN PRIVATE KEY-----\nMIIB>',
  ],
};

/** What must be left by that detector. */
const LEFT: Readonly<Record<Detector, readonly string[]>> = {
  email: ['jane', '@example.com', 'a@b', 'pkg@1.2.3', 'a@.de', 'x @ y.de', 'user@host', 'a@b.c', '@@@@'],
  'payment-card': [
    '4111111111111112',
    '411111111111',
    '4111x1111x1111x1111',
    '41111111111111111111',
    '1.2.3',
    '4111,1111,1111,1111',
  ],
  'us-ssn': [
    '000-12-3456',
    '666-12-3456',
    '900-12-3456',
    '123-00-4567',
    '123-45-0000',
    '1123-45-6789',
    '123-45-67890',
    '12-345-6789',
    '123/45/6789',
  ],
  iban: [
    'DE88370400440532013000',
    'DE8937040044053201300',
    'AB12',
    'on 15 may 2024 we met at noon',
    'ZZ00ABCDEFGHIJKLMNOP',
  ],
  phone: [
    '12345678',
    '2024-05-16 13:45:59',
    '01.02.2024 12:30',
    '01/02/2024 10',
    '0.123456789',
    '1555123456',
    '+12345',
    '1700000000',
    '155512345678',
    '+1234567890123456789',
  ],
  'api-key': [
    'sk_live_',
    'sk-short',
    'AKIA',
    'task-force-of-twenty-and-more-people',
    `x${key('AKIA', 16)}`,
    'ghp_short',
  ],
  jwt: [
    'www.example.com',
    'a.b.c',
    'eyJ',
    'eyJhbGciOiJub25lIn0',
    'eyJhbGciOiJub25lIn0.',
    'eyJhbGciOiJub25lIn0..x',
    'example.one.two',
    `${encoded('[1]')}.a.b`,
  ],
  'private-key': [pem('PUBLIC KEY'), pem('CERTIFICATE'), '-----BEGIN PRIVATE KEY', '----------------------'],
};

describe('detectors', () => {
  for (const detector of DETECTORS) {
    it(`${detector}: find what they are for, whole`, () => {
      for (const marked of FOUND[detector]) {
        // the innermost brackets are the marks
        const expected = marked.replaceAll(/<([^<>]+)>/g, `[${detector}]`);
        const value = marked.replaceAll(/<([^<>]+)>/g, '$1');
        assert.equal(only(detector, value), expected, value);
      }
    });
    it(`${detector}: leave what is none`, () => {
      for (const value of LEFT[detector]) assert.equal(only(detector, value), value, value);
    });
  }

  it('do not look beyond the value, and see a finding at any place in it', () => {
    for (const detector of DETECTORS) {
      const value = /<([^<>]+)>/.exec(FOUND[detector][0]!)![1]!;
      for (const [before, after] of [
        ['', ''],
        ['x ', ''],
        ['', ' y'],
        ['ü😀 ', ' ü😀'],
        ['\n', '\n'],
        ['word '.repeat(500), ' end'],
      ] as const) {
        const masked = only(detector, `${before}${value}${after}`);
        assert.equal(masked, `${before}[${detector}]${after}`, `${detector} ${before.length}`);
      }
    }
  });

  it('put in place what `with` says', () => {
    const value = 'a jane@example.com, 4111111111111111 b';
    assert.equal(all(value), 'a [email], [payment-card] b');
    assert.equal(all(value, { kind: 'redact' }), 'a ****, **** b');
    assert.equal(
      all(value, { kind: 'partial', keepFirst: 0, keepLast: 4 }),
      'a ************.com, ************1111 b',
    );
    const token = maskedText({ kind: 'hash' }, 'jane@example.com', TEXT);
    assert.ok(all(value, { kind: 'hash' }).startsWith(`a ${token}, `));
  });

  it('make one finding of findings that overlap', () => {
    assert.equal(all('x 0049 171 1234567 y'), 'x [phone] y');
    const both = all(`-----BEGIN PRIVATE KEY-----\njane@example.com ${key('ghp_', 36)}`);
    assert.equal(both, '[private-key]');
  });

  it('redact a text whole that is not UTF-8, too long, or would outgrow its column', () => {
    assert.equal(maskedText(detect(['email']), Buffer.from('61ff62', 'hex'), TEXT), '****');
    assert.equal(only('email', 'x'.repeat(DETECT_MAX_BYTES + 1)), '****');
    assert.equal(only('email', 'x'.repeat(DETECT_MAX_BYTES)).length, DETECT_MAX_BYTES);
    const varchar = { typeOid: 1043, format: 0, typeModifier: 12 } as const;
    assert.equal(maskedText(detect(['email']), 'a@b.co', varchar), '[email]');
    assert.equal(maskedText(detect(['email']), 'xy a@b.co', { ...varchar, typeModifier: 13 }), '****');
    assert.equal(maskedText(detect(['email']), 'a@b.co   ', { ...varchar, typeOid: 1042 }), '[email]');
    assert.equal(maskedText(detect(['email'], { kind: 'hash' }), 'a@b.co', varchar), '****');
  });

  it('stay in their room, throw nothing, and leave no finding in what they give', () => {
    const secrets = DETECTORS.flatMap((detector) =>
      FOUND[detector].flatMap((marked) => [...marked.matchAll(/<([^<>]+)>/g)].map((match) => match[1]!)),
    );
    const part = fc.oneof(
      fc.constantFrom(...secrets),
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.stringMatching(/^[-0-9 .@+()eyJ_"a-z]{0,12}$/),
      fc.emailAddress(),
    );
    const masks = fc.constantFrom<FindingMask>({ kind: 'label' }, { kind: 'redact' }, { kind: 'hash' });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), masks, (parts, mask) => {
        const value = parts.join(' ; ');
        const masked = all(value, mask);
        if (!value.isWellFormed()) return;
        for (const secret of secrets) assert.ok(!masked.includes(secret), `${secret} in ${masked}`);
        assert.equal(all(value, mask), masked);
      }),
      { numRuns: 2000 },
    );
  });

  it('take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        assert.notEqual(maskedText(detect(DETECTORS), Buffer.from(bytes), TEXT), null);
      }),
      { numRuns: 1000 },
    );
  });

  it('take linear time on the worst texts', () => {
    const units = [
      '@',
      '"@',
      'a@',
      'a@b.',
      '1 ',
      '1',
      '4111 ',
      '+',
      '(1',
      'AA11',
      'DE89 ',
      'eyJ.',
      'e',
      'eyJ',
      'eyJ.a.',
      '-',
      '-----BEGIN ',
      '-----BEGIN PRIVATE KEY',
      '-----BEGIN PRIVATE KEY----- ',
      'sk-',
      'xoxb-',
      '0',
      '00 ',
      'é',
      '.',
      '{',
    ];
    const timed = (value: string): number => {
      let best = Infinity;
      for (let i = 0; i < 3; i++) {
        const start = process.hrtime.bigint();
        all(value);
        best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6);
      }
      return best;
    };
    all('@1.-'.repeat(5000));
    for (const unit of units) {
      const short = timed(unit.repeat(Math.floor(16_000 / unit.length)));
      const long = timed(unit.repeat(Math.floor(160_000 / unit.length)));
      // ten times the text; a quadratic scan would take a hundred times as long
      assert.ok(long < Math.max(short * 40, 60), `${unit}: ${short} ms, then ${long} ms`);
    }
  });
});
