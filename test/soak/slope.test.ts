/** What the soak takes for growth: a leak, and neither noise nor a new level. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { creep, gain } from './slope.ts';

/** One look each five seconds for two minutes; noise of up to 3 either way, the same in each run. */
function looks(at: (second: number) => number): { x: number; y: number }[] {
  return Array.from({ length: 24 }, (_, i) => ({ x: i * 5, y: at(i * 5) + ((i * 7) % 5) - 2 }));
}

test('a leak shows in both measures', () => {
  const leak = looks((second) => 200 + second * 0.5);
  assert.ok(gain(leak) > 50 && gain(leak) < 65, String(gain(leak)));
  assert.ok(creep(leak.map(({ x }) => ({ x, y: 200 + x * 0.5 }))) > 50);
});

test('noise shows in neither', () => {
  const flat = looks(() => 200);
  assert.ok(Math.abs(gain(flat)) < 6, String(gain(flat)));
  assert.ok(creep([1, 2, 1, 2, 1, 2, 1].map((y, x) => ({ x, y }))) <= 6);
});

test('steps to a new level are a gain, but no creep', () => {
  const steps = [0, 0, 1, 1, 50, 50, 51, 51, 70, 70, 70, 71, 71].map((y, x) => ({ x, y }));
  assert.ok(gain(steps) > 32);
  assert.ok(creep(steps) < 6);
});

test('of fewer than two looks nothing can be said', () => {
  assert.equal(gain([{ x: 1, y: 5 }]), 0);
  assert.equal(creep([{ x: 1, y: 5 }]), 0);
});
