/**
 * A snapshot as it looks under a set of masks: with the functions that are vouched for there, and without the
 * operators, types and relations that run no others. `trusted-functions.ts` makes it, once for each set.
 */
import { qualified, type Snapshot, type TrustedFunction } from '../catalog/snapshot.ts';
import type { NameRef } from '../sql/statement.ts';
import type { MaskSet } from './mask-set.ts';

type View = { readonly of: Snapshot; readonly view: Snapshot };

const views = new WeakMap<MaskSet, View>();

/** The snapshot itself where nothing is vouched for. */
export function trustingView(snapshot: Snapshot, masks: MaskSet): Snapshot {
  const known = views.get(masks);
  return known?.of === snapshot ? known.view : snapshot;
}

export function rememberView(masks: MaskSet, of: Snapshot, view: Snapshot): void {
  views.set(masks, { of, view });
}

/** What is known of every function that a name may stand for; undefined if one of them is not vouched for. */
export function trustedByName(snapshot: Snapshot, ref: NameRef): TrustedFunction | undefined {
  return snapshot.trusted?.get(qualified(ref.schema, ref.name));
}
