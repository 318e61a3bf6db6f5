import { Controller, Get, HttpCode, Param, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import type { Fleet } from './fleet.interface';
import { FromPageGuard } from './from-page.guard';
import { TroubleService } from './trouble.service';

/** Routes for people who want to see what happens to locks when a lock node fails. */
@Controller('trouble')
export class TroubleController {
  constructor(private readonly trouble: TroubleService) {}

  @Get()
  fleet(): Promise<Fleet> {
    return this.trouble.ask();
  }

  @Post('nodes/:number/kill')
  @HttpCode(200)
  @UseGuards(FromPageGuard)
  kill(@Param('number', ParseIntPipe) number: number): Promise<Fleet> {
    return this.trouble.ask({ kill: number });
  }

  @Post('nodes/:number/start')
  @HttpCode(200)
  @UseGuards(FromPageGuard)
  start(@Param('number', ParseIntPipe) number: number): Promise<Fleet> {
    return this.trouble.ask({ start: number });
  }
}
