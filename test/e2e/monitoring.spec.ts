import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { LoggerService } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { filter, firstValueFrom } from 'rxjs';
import { LockBusyError, LockService, LockUnavailableError, RedlockModule } from '../../lib';
import { RedlockOpenTelemetryModule } from '../../lib/opentelemetry';
import { RedisServer, startRedisServers } from '../helpers/redis-server';
import { until } from '../helpers/until';

/** What Nest's own classes say is not looked at. */
class LogLines implements LoggerService {
  readonly lines: string[] = [];
  readonly log = this.keep('log');
  readonly warn = this.keep('warn');
  readonly error = this.keep('error');

  private keep(level: string) {
    return (message: string, context: string) => {
      if (context === 'RedlockModule') this.lines.push(`${level}: ${message}`);
    };
  }
}

describe('an application on three masters', () => {
  const log = new LogLines();
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  let servers: RedisServer[];
  let scraped: Server;
  let app: TestingModule;
  let locks: LockService;

  beforeAll(async () => {
    servers = await startRedisServers(3, { args: ['--maxmemory', '100mb'] });
    const answer: RequestListener = (request, response) => {
      exporter.getMetricsRequestHandler(request, response);
    };
    scraped = createServer(answer).listen(0, '127.0.0.1');
    await once(scraped, 'listening');
    app = await Test.createTestingModule({
      imports: [
        RedlockModule.forRoot({ nodes: servers.map(({ url }) => url) }),
        RedlockOpenTelemetryModule.forRoot({
          meterProvider,
          resourceGroup: ([first]) => first?.split(':')[0],
        }),
      ],
    })
      .setLogger(log)
      .compile();
    await app.init();
    locks = app.get(LockService);
  });

  afterAll(async () => {
    await app.close();
    await meterProvider.shutdown();
    scraped.close();
    await Promise.all(servers.map((server) => server.stop()));
  });

  const scrape = async (): Promise<string> => {
    const { port } = scraped.address() as AddressInfo;
    return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  };

  it('logs nothing of locks that are busy', async () => {
    await locks.withLock('order:7', async () => {
      const others = Array.from({ length: 20 }, () => locks.acquire('order:7', { wait: 0 }));
      const results = await Promise.allSettled(others);
      expect(results.every((one) => one.status === 'rejected' && one.reason instanceof LockBusyError)).toBe(
        true,
      );
    });

    expect(log.lines).toEqual([]);
  });

  it('logs one line when a master goes down, and one when it is back', async () => {
    const [server] = servers as [RedisServer];
    const name = new URL(server.url).host;
    const about = (what: string) => log.lines.filter((line) => line.includes(name) && line.includes(what));

    await server.kill();
    await until('the node is down', () => about('is down').length > 0);
    await locks.withLock('order:7', () => undefined);
    await server.restart();
    await until('the node is back', () => about(`${name} is back`).length > 0);

    expect(about('is down')).toEqual([expect.stringMatching(/^warn: Lock node .+ is down: .+\.$/)]);
    expect(about(`${name} is back`)).toEqual([`log: Lock node ${name} is back.`]);
  });

  it('exposes every metric that the dashboard, the alerts and the documentation name, and no other', async () => {
    const extended = firstValueFrom(locks.events$.pipe(filter(({ type }) => type === 'extended')));
    const short = await locks.acquire('order:8', { ttl: 600 });
    await extended;
    await locks.forceRelease('order:8');
    await short.extend().catch(() => undefined);
    await Promise.all(servers.slice(0, 2).map((server) => server.kill()));
    await expect(locks.acquire('order:9', { wait: 0 })).rejects.toThrow(LockUnavailableError);

    const exposed = exposedNames(await scrape());

    const files = ['monitoring/grafana-dashboard.json', 'monitoring/alerts.yml'];
    for (const used of files.map((file) => usedNames(read(file)))) {
      expect(used.length).toBeGreaterThan(3);
      expect(used.filter((name) => !exposed.has(name))).toEqual([]);
    }
    const families = [...exposed].map((name) => name.replace(/_(bucket|sum|count|total)$/, ''));
    expect(documentedNames(read('MONITORING.md'))).toEqual([...new Set(families)].sort());
  });

  it('tells how full a node is', async () => {
    const up = (await locks.inspect('a', { memory: true })).nodes.filter(({ status }) => status === 'up');
    const text = await scrape();

    for (const { node, memory } of up) {
      expect(memory).toEqual({ usedBytes: expect.any(Number) as unknown, limitBytes: 100 * 1_048_576 });
      const [, value] = new RegExp(`memory_utilization\\{.*"${node}".*\\} (.+)$`, 'm').exec(text) ?? [];
      expect(Number(value)).toBeGreaterThan(0.001);
      expect(Number(value)).toBeLessThan(1);
    }
    expect(up.length).toBeGreaterThan(0);
    expect((await locks.inspect('a')).nodes.filter(({ memory }) => memory !== undefined)).toEqual([]);
  });

  it('exposes the labels by which the dashboard and the alerts sort', async () => {
    const text = await scrape();
    const exposed = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));

    for (const file of ['monitoring/grafana-dashboard.json', 'monitoring/alerts.yml']) {
      const used = [...read(file).matchAll(/\b(redlock_\w+)(?=[,)}]|=~|!=| \}\})/g)].map(([, name]) => name);
      const labels = used.filter((name) => !exposedNames(text).has(name ?? ''));
      expect(labels.length).toBeGreaterThan(3);
      expect(labels.filter((label) => !exposed.has(label))).toEqual([]);
    }
  });

  it('tells of each node whether it is up', async () => {
    await until(
      'two of three nodes are down',
      async () => (await scrape()).match(/node_up\{.* 0$/gm)?.length === 2,
    );

    expect((await scrape()).match(/node_up\{.* 1$/gm)).toHaveLength(1);
  });
});

function read(file: string): string {
  return readFileSync(join(__dirname, '../../docs', file), 'utf8');
}

function exposedNames(text: string): Set<string> {
  return new Set([...text.matchAll(/^(redlock_\w+)\{/gm)].map(([, name]) => name ?? ''));
}

/** The metrics that a query names, also where it allows for the unit that some exporters put into names. */
function usedNames(text: string): string[] {
  const plain = text.replaceAll('(_seconds)?', '');
  const names = [...plain.matchAll(/\b(redlock_(?:acquire|hold|release|lock|node)_\w+)/g)].map(
    ([, name]) => name ?? '',
  );
  return [...new Set(names)];
}

/** The names in the table of metrics, as Prometheus spells them. */
function documentedNames(text: string): string[] {
  const [, table = ''] = /### Metrics\n([\s\S]*?)\n### /.exec(text) ?? [];
  return [...table.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => (name ?? '').replaceAll('.', '_')).sort();
}
