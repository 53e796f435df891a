/** The table of portals is a map by name, whatever place the unnamed one has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Portal } from '../../src/session/names.ts';
import { PortalTable } from '../../src/session/portal-table.ts';

const name = fc.constantFrom('', 'a', 'b', 'c');
const step = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name, batch: fc.nat(5) }),
  fc.record({ kind: fc.constant('delete' as const), name }),
  fc.record({ kind: fc.constant('up to' as const), batch: fc.nat(5) }),
);

function portal(named: string, batch: number): Portal {
  return { name: named, batch } as unknown as Portal;
}

test('whatever is done to it, it holds what a map would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const table = new PortalTable();
      const map = new Map<string, Portal>();
      for (const one of steps) {
        if (one.kind === 'set') {
          const made = portal(one.name, one.batch);
          table.set(one.name, made);
          map.set(one.name, made);
        } else if (one.kind === 'delete') {
          table.delete(one.name);
          map.delete(one.name);
        } else {
          table.deleteUpTo(one.batch);
          for (const [key, { batch }] of map) if (batch <= one.batch) map.delete(key);
        }
        assert.equal(table.size, map.size);
        for (const key of ['', 'a', 'b', 'c']) assert.equal(table.get(key), map.get(key));
        for (let batch = 0; batch < 6; batch += 1) {
          const later = [...map.values()].filter((kept) => kept.batch > batch);
          assert.deepEqual(new Set(table.since(batch)), new Set(later));
        }
      }
    }),
  );
});
