import { Module } from '@nestjs/common';
import { RedlockOpenTelemetryModule } from '@nest-quorum/redlock/opentelemetry';
import { MetricsController } from './metrics.controller';

@Module({
  // `order:7` belongs to the group `order`: there are a few groups, and not a time series per order.
  imports: [RedlockOpenTelemetryModule.forRoot({ resourceGroup: ([first]) => first?.split(':')[0] })],
  controllers: [MetricsController],
})
export class MetricsModule {}
