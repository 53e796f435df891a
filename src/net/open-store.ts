import { openPostgresStore } from '../approvals/postgres-store.ts';
import { openSqliteStore } from '../approvals/sqlite-store.ts';
import type { Store } from '../approvals/store.ts';
import type { StoreConfig } from '../config/installation.ts';
import { clientConfig } from './control-config.ts';

/** The store that postern.yaml names. @throws PosternError `store-unavailable` */
export async function openStore(config: StoreConfig): Promise<Store> {
  switch (config.kind) {
    case 'sqlite':
      return openSqliteStore({ file: config.file });
    case 'postgres': {
      const { schema, instance } = config;
      return openPostgresStore({ connection: clientConfig(config, config), schema, name: instance });
    }
  }
}
