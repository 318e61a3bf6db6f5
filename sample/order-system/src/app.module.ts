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
      // One node inside of the process still keeps its own callers apart, but no other process.
      nodes: config.lockNodes.length > 0 ? config.lockNodes : [new MemoryLockNode()],
      // A node that was restarted grants nothing for so long: locks from before its restart are over then.
      maxTtl: 15_000,
    }),
    // For a machine of your own: elsewhere, say with `authorize` who may see it.
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
