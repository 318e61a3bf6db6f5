import type { IncomingMessage, ServerResponse } from 'node:http';
import { Controller, Get, Req, Res } from '@nestjs/common';
import { exporter } from './metrics';

@Controller('metrics')
export class MetricsController {
  /**
   * The metrics for Prometheus: the locks that each process waits for and holds, and the lock nodes that it
   * reaches.
   */
  @Get()
  scrape(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    exporter.getMetricsRequestHandler(request, response);
  }
}
