import { Controller, Get } from '@nestjs/common';
import { HealthCheck, HealthCheckService } from '@nestjs/terminus';
import { RedlockHealthIndicator } from '@nest-quorum/redlock/health';

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redlock: RedlockHealthIndicator,
  ) {}

  /**
   * Answers 503 if no majority of the lock nodes answers, so that a load balancer sends the buyers elsewhere.
   */
  @Get()
  @HealthCheck()
  check() {
    return this.health.check([() => this.redlock.isHealthy('locks')]);
  }
}
