import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { RedlockHealthModule } from '@nest-quorum/redlock/health';
import { HealthController } from './health.controller';

@Module({ imports: [TerminusModule, RedlockHealthModule], controllers: [HealthController] })
export class HealthModule {}
