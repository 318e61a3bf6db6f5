import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedlockHealthIndicator } from './redlock.health';

/** Provides the {@link RedlockHealthIndicator} to the modules that import it. */
@Module({
  imports: [TerminusModule],
  providers: [RedlockHealthIndicator],
  exports: [RedlockHealthIndicator],
})
export class RedlockHealthModule {}
