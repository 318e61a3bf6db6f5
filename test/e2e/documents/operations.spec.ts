import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { createLockService, LockService } from '../../../lib';
import { readBlock, runBlock } from '../../helpers/document-module';
import { DocumentWorld } from '../../helpers/document-world';
import { RedisServer } from '../../helpers/redis-server';
import { until } from '../../helpers/until';

/** How long a lock of a module of the document has at first, got on the servers of the document. */
async function lockedBy(module: Type | DynamicModule): Promise<number> {
  const app = await Test.createTestingModule({ imports: [module] }).compile();
  app.useLogger(false);
  await app.init();
  const locks = app.get(LockService);
  try {
    await locks.ready({ wait: 10_000 });
    return await locks.withLock('order:7', ({ remainingMs }) => remainingMs);
  } finally {
    await app.close();
  }
}

describe('the examples of OPERATIONS.md', () => {
  it('lock on three masters with the times of three zones', async () => {
    const world = await DocumentWorld.start();
    const { AppModule } = runBlock('docs/OPERATIONS.md', 'nodeTimeout: 200', { change: world.change }) as {
      AppModule: Type;
    };

    const left = await lockedBy(AppModule);

    expect(left).toBeLessThanOrEqual(5_000 - 52);
    expect(left).toBeGreaterThan(0);
    await world.stop();
  });

  it('are settings of a Redis that forgets no lock', async () => {
    const lines = readBlock('docs/OPERATIONS.md', '', 'appendfsync always').trim().split('\n');
    const args = lines.flatMap((line) => {
      const [, name = '', value = ''] = /^(\S+) ("?[\w ]*?"?) *(?:#.*)?$/.exec(line) ?? [];
      return [`--${name}`, value.replaceAll('"', '')];
    });
    const server = await RedisServer.start({ args });
    const locks = createLockService({ nodes: [server.url], shutdownTimeout: 0 });
    await locks.acquire('order:7', { ttl: 60_000, autoExtend: false });

    await server.restart();

    expect(String(await server.command('GET', 'lock:order:7'))).toContain(`:${process.pid}:`);
    const limits = await server.command('CONFIG', 'GET', 'maxmemory*');
    expect(limits).toEqual(expect.arrayContaining([String(256 * 1024 * 1024), 'noeviction']));
    await locks.close();
    await server.stop();
  });

  describe('over TLS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-redlock-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    let server: RedisServer;

    beforeAll(async () => {
      execFileSync(
        'openssl',
        [
          ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'],
          ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
        ],
        { stdio: 'ignore' },
      );
      const users = ['--user', 'locks', 'on', '>secret', '~*', '&*', '+@all'];
      server = await RedisServer.start({
        tls: { certFile, keyFile },
        args: ['--tls-auth-clients', 'yes', ...users],
        user: 'app on >token ~* &* +@all',
      });
    });

    afterAll(async () => {
      delete process.env['LOCKS_PASSWORD'];
      await server.stop();
      rmSync(folder, { recursive: true });
    });

    const here = (code: string) =>
      code
        .replace(/\['locks-a', .*?\]/, "['127.0.0.1']")
        .replace("'locks-a'", "'127.0.0.1'")
        .replace('port: 6380', `port: ${server.port}, tls: { ca }`.replace(', tls: { ca }', ''))
        .replaceAll('/etc/locks/client.key', keyFile)
        .replaceAll(/\/etc\/locks\/\w+\.pem/g, certFile);

    it('lock with a certificate and a password from the environment', async () => {
      process.env['LOCKS_PASSWORD'] = 'secret';
      const { AppModule } = runBlock('docs/OPERATIONS.md', 'LOCKS_PASSWORD', { change: here }) as {
        AppModule: Type;
      };

      expect(await lockedBy(AppModule)).toBeGreaterThan(0);
    });

    it('ask for the password and the certificate before every connection', async () => {
      const current = jest.fn(() => Promise.resolve('token'));
      const change = (code: string) =>
        here(code)
          .replace('RedlockModule.forRoot(', 'export const module = RedlockModule.forRoot(')
          // Which the machine of the reader trusts already.
          .replace('({ cert:', '({ ca: readFileSync(CERT), cert:');
      const { module } = runBlock('docs/OPERATIONS.md', 'tokens.current()', {
        change,
        scope: { tokens: { current }, CERT: certFile },
      }) as { module: DynamicModule };

      expect(await lockedBy(module)).toBeGreaterThan(0);
      await until('it was asked', () => current.mock.calls.length > 0);
    });
  });
});
