import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECRET } from '../e2e/harness.ts';
import { detectorOf } from './detector.ts';

const detect = detectorOf(SECRET);

test('the detector finds the secret in every dress, and not in what is masked', () => {
  const hex = Buffer.from(SECRET).toString('hex');
  const dresses = [
    SECRET,
    SECRET.toUpperCase(),
    SECRET.toLowerCase(),
    [...SECRET].toReversed().join(''),
    hex,
    hex.toUpperCase(),
    Buffer.from(`x${SECRET}y`).toString('base64'),
    Buffer.from(`xy${SECRET}z`).toString('base64'),
    Buffer.from(`${SECRET}12`).toString('base64'),
    SECRET.slice(3, 11),
    [...SECRET].join(','),
    [...SECRET].join('\0'),
    [...Buffer.from(SECRET)].join(','),
  ];
  for (const dress of dresses) assert.notEqual(detect(Buffer.from(`before ${dress} after`)), null, dress);
  for (const clean of ['****', '****om', 'name 1', 'select ssn from customers'])
    assert.equal(detect(Buffer.from(clean)), null);
});
