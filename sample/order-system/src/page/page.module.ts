import { Module } from '@nestjs/common';
import { TroubleModule } from '../trouble/trouble.module';
import { PageController } from './page.controller';

@Module({ imports: [TroubleModule], controllers: [PageController] })
export class PageModule {}
