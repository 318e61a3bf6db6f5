import { Global, Module } from '@nestjs/common';
import { config } from '../app.config';
import { MemoryStore } from './memory.store';
import { PostgresStore } from './postgres.store';
import { Store } from './store';

@Global()
@Module({
  providers: [
    {
      provide: Store,
      useFactory: () =>
        config.databaseUrl === '' ? new MemoryStore() : new PostgresStore(config.databaseUrl),
    },
  ],
  exports: [Store],
})
export class StoreModule {}
