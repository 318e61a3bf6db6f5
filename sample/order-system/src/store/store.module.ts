import { Global, Module } from '@nestjs/common';
import { config } from '../app.config';
import { MemoryStore } from './memory.store';
import { RedisStore } from './redis.store';
import { Store } from './store';

@Global()
@Module({
  providers: [
    {
      provide: Store,
      useFactory: () => (config.dataUrl === '' ? new MemoryStore() : new RedisStore(config.dataUrl)),
    },
  ],
  exports: [Store],
})
export class StoreModule {}
