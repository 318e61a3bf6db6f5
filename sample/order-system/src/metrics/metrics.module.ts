import { Module } from '@nestjs/common';
import { RedlockOpenTelemetryModule } from '@nest-quorum/redlock/opentelemetry';
import { MetricsController } from './metrics.controller';

@Module({
  // `order` for `order:7`: a few groups, and no time series per order.
  imports: [RedlockOpenTelemetryModule.forRoot({ resourceGroup: ([first]) => first?.split(':')[0] })],
  controllers: [MetricsController],
})
export class MetricsModule {}
