import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { MemoryLockNode, RedlockModule } from '@nest-quorum/redlock';
import { RedlockBoardModule } from '@nest-quorum/redlock/board';
import { config } from './app.config';
import { HealthModule } from './health/health.module';
import { MetricsModule } from './metrics/metrics.module';
import { OrdersModule } from './orders/orders.module';
import { PageModule } from './page/page.module';
import { RemindersModule } from './reminders/reminders.module';
import { ShipmentsModule } from './shipments/shipments.module';
import { StoreModule } from './store/store.module';
import { WarehousesModule } from './warehouses/warehouses.module';

@Module({
  imports: [
    RedlockModule.forRoot({
      // A single node inside of the process still excludes the callers of this process, but no other process.
      nodes: config.lockNodes.length > 0 ? config.lockNodes : [new MemoryLockNode()],
      // A node that was restarted grants nothing for this time: all locks from before its restart have ended
      // by then.
      maxTtl: 15_000,
    }),
    // This is for a machine of your own. Elsewhere, use `authorize` to decide who may see the page.
    RedlockBoardModule.forRoot({
      path: 'locks',
      allowUnauthenticated: true,
      title: 'Locks of the order system',
    }),
    ScheduleModule.forRoot(),
    HealthModule,
    MetricsModule,
    StoreModule,
    OrdersModule,
    PageModule,
    RemindersModule,
    ShipmentsModule,
    WarehousesModule,
  ],
})
export class AppModule {}
