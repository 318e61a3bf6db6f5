import type { ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Controller, Get, Res } from '@nestjs/common';
import { config } from '../app.config';
import { TroubleService } from '../trouble/trouble.service';

/** The page for people. It does everything with the routes of the shop. */
@Controller()
export class PageController {
  constructor(private readonly trouble: TroubleService) {}

  @Get()
  async page(@Res() response: ServerResponse): Promise<void> {
    const { apps } = await this.trouble.ask();
    const html = await readFile(join(__dirname, 'page.html'), 'utf8');
    // The page loads and runs only its own files, and sends requests only to the processes of the shop.
    const policy = `default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ${apps.join(' ')}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
    send(response, 'text/html', html.replace('{{data}}', textOf(config.dataWords)), {
      'content-security-policy': policy,
    });
  }

  @Get('page.js')
  async script(@Res() response: ServerResponse): Promise<void> {
    send(response, 'text/javascript', await readFile(join(__dirname, 'page.js'), 'utf8'));
  }

  @Get('page.css')
  async style(@Res() response: ServerResponse): Promise<void> {
    send(response, 'text/css', await readFile(join(__dirname, 'page.css'), 'utf8'));
  }
}

function send(
  response: ServerResponse,
  type: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(200, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

function textOf(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${String(sign.charCodeAt(0))};`);
}
