import { Module } from '@nestjs/common';
import { TroubleController } from './trouble.controller';
import { TroubleService } from './trouble.service';

@Module({ controllers: [TroubleController], providers: [TroubleService], exports: [TroubleService] })
export class TroubleModule {}
