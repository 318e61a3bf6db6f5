import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { exporter } from './metrics';

@Controller('metrics')
export class MetricsController {
  /** For Prometheus: what each process waits for and holds, and which lock nodes it reaches. */
  @Get()
  scrape(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    exporter.getMetricsRequestHandler(request, response);
  }
}
