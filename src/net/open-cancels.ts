import type { Logger } from 'pino';
import type { Store } from '../approvals/store.ts';
import { CancelKeys } from './cancel-keys.ts';
import { CancelRouter } from './cancel-routing.ts';
import { derivedKey } from './derived-keys.ts';

/** Keys for this Postern's sessions, and the way to those of others on the store. */
export function openCancels(
  maskKey: Uint8Array,
  store: Pick<Store, 'broadcast' | 'clock'>,
  log: Logger,
): { readonly cancelKeys: CancelKeys; readonly cancels: CancelRouter } {
  const secret = derivedKey(maskKey, 'postern cancel keys, version 1');
  const cancelKeys = new CancelKeys(secret);
  const { broadcast } = store;
  const cancels = new CancelRouter({ keys: cancelKeys, secret, broadcast, clock: () => store.clock(), log });
  return { cancelKeys, cancels };
}
