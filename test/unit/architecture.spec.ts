import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import {
  ambientTimeAndChance,
  circles,
  importersOfIoredis,
  IMPORTS_IOREDIS,
  ROOMS,
  wrongArrows,
} from '../helpers/import-rules';

const LIB = join(__dirname, '../../lib');

function readSources(): Map<string, string> {
  const files = readdirSync(LIB, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    files.map((file) => [relative(LIB, file).split(sep).join('/'), readFileSync(file, 'utf8')] as const),
  );
}

/** One file with one line of code, next to files that it may want to import. */
function example(file: string, code: string): Map<string, string> {
  const others = [
    'index.ts',
    'service/lock.service.ts',
    'errors/lock.error.ts',
    'ports/lock-node.interface.ts',
    'collections/due-queue.ts',
    'core/redlock.ts',
    'core/validity.ts',
    'redis/redis-lock-node.ts',
    'redis/request/redis-requests.ts',
    'redis/server/redis-connection.ts',
    'redis/client/server-client.interface.ts',
    'redis/client/ioredis/ioredis.ts',
    'redis/client/ioredis/describe-redis-node.ts',
    'redis/script/lua-scripts.ts',
    'memory/memory-lock-node.ts',
    'locking/lock-manager.ts',
    'locking/holding/held-lock.ts',
    'locking/waiting/acquisition.ts',
    'locking/inspection/inspect-nodes.ts',
    'locking/api/check-resources.ts',
    'locking/api/lock.interface.ts',
    'nodes/open-nodes.ts',
    'keys/key-template.ts',
    'calls/locked-call.ts',
    'nest/redlock.module.ts',
    'nest/filters/lock-answers.ts',
    'nest/decorators/locked.decorator.ts',
    'system/system-clock.ts',
    'ports/detached.ts',
    'ports/times.ts',
    'core/validity.ts',
    'testing/lock-tester.ts',
    'health/redlock.health.ts',
    'opentelemetry/instrument-locks.ts',
    'fencing/fence.ts',
    'swagger/api-locked.decorator.ts',
    'cli/run.ts',
    'cli/nodes/find-locks.ts',
    'cli/text/table.ts',
  ];
  return new Map([...others.map((name) => [name, ''] as const), [file, code]]);
}

describe('the imports under lib', () => {
  it('go one way only', () => {
    expect(wrongArrows(readSources())).toEqual([]);
  });

  it('never come back to where they began, be it a file or a room', () => {
    expect(circles(readSources())).toEqual([]);
  });

  it('bring in the client library in one file, types included', () => {
    expect(importersOfIoredis(readSources())).toEqual([IMPORTS_IOREDIS]);
  });

  it('are those of the rooms that docs/ARCHITECTURE.md has in its table', () => {
    const text = readFileSync(join(__dirname, '../../docs/ARCHITECTURE.md'), 'utf8');
    const heads = [...text.matchAll(/^\| (`[\w-]+\/`(?:, `[\w-]+\/`)*) \|/gm)].map(([, head]) => head ?? '');
    const told = heads.flatMap((head) => [...head.matchAll(/`([\w-]+)\/`/g)].map(([, room]) => room));

    expect(told.sort()).toEqual([...new Set(Object.keys(ROOMS).map((room) => room.split('/')[0]))].sort());
  });

  it('are read from all of its files', () => {
    const files = [...readSources().keys()];

    expect(files).toEqual(expect.arrayContaining(['core/redlock.ts', 'service/lock.service.ts', 'index.ts']));
    expect(files.length).toBeGreaterThan(40);
  });

  it('do not use the time or the chance of the process but in system/', () => {
    expect(ambientTimeAndChance(readSources())).toEqual([]);
  });
});

describe('the check of the imports', () => {
  it.each([
    ['errors/a.ts', "import { Redlock } from '../core/redlock';"],
    ['ports/a.ts', "import type { Redlock } from '../core/redlock';"],
    ['collections/a.ts', "import type { Clock } from '../ports/lock-node.interface';"],
    ['system/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['core/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['core/a.ts', "import type { LockService } from '../service/lock.service';"],
    ['core/a.ts', "export { systemClock } from '../system/system-clock';"],
    ['core/a.ts', "import { Injectable } from '@nestjs/common';"],
    ['core/a.ts', "import type { Redis } from 'ioredis';"],
    ['memory/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['memory/a.ts', "import type { Redlock } from '../core/redlock';"],
    ['redis/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['redis/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['redis/a.ts', "import { parse } from '../keys/key-template';"],
    ['redis/a.ts', "import type { Redlock } from '../core/redlock';"],
    ['redis/server/a.ts', "import { remainingMs } from '../../core/validity';"],
    ['service/a.ts', "import type { Redis } from '../redis/client/ioredis/ioredis';"],
    ['redis/a.ts', "import type { Redis } from 'ioredis';"],
    ['redis/request/a.ts', "import { RedisLockNode } from '../redis-lock-node';"],
    ['redis/server/a.ts', "import { RedisRequests } from '../request/redis-requests';"],
    ['redis/client/a.ts', "import { RedisConnection } from '../server/redis-connection';"],
    ['redis/client/a.ts', "import { describeRedisNode } from './ioredis/describe-redis-node';"],
    ['redis/client/ioredis/a.ts', "import { Redis } from 'ioredis';"],
    ['redis/client/ioredis/a.ts', "import type { RedisOptions } from 'ioredis';"],
    ['redis/a.ts', "import type { Redis } from './client/ioredis/ioredis';"],
    ['redis/server/a.ts', "import { describeRedisNode } from '../client/ioredis/describe-redis-node';"],
    ['redis/request/a.ts', "import type { Redis } from '../client/ioredis/ioredis';"],
    ['redis/script/a.ts', "import type { ServerClient } from '../client/server-client.interface';"],
    ['locking/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['locking/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['locking/a.ts', "import { systemClock } from '../system/system-clock';"],
    ['locking/a.ts', "import { Subject } from 'rxjs';"],
    ['locking/a.ts', "const { Subject } = require('rxjs');"],
    ['locking/a.ts', "const later = () => import('rxjs');"],
    ['locking/a.ts', "type S = import('rxjs').Subject<number>;"],
    ['locking/a.ts', "import rxjs = require('rxjs');"],
    ['locking/holding/a.ts', "import type { LockManager } from '../lock-manager';"],
    ['locking/waiting/a.ts', "import type { HeldLock } from '../holding/held-lock';"],
    ['locking/inspection/a.ts', "import { Acquisition } from '../waiting/acquisition';"],
    ['locking/api/a.ts', "import { inspectNodes } from '../inspection/inspect-nodes';"],
    ['nodes/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['service/a.ts', "import { Redis } from 'ioredis';"],
    ['service/a.ts', "import type { RedlockModule } from '../nest/redlock.module';"],
    ['service/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['keys/a.ts', "import { LockService } from '../service/lock.service';"],
    ['calls/a.ts', "import { RedlockModule } from '../nest/redlock.module';"],
    ['calls/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['nest/a.ts', "import { Redis } from 'ioredis';"],
    ['nest/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['nest/a.ts', "import { LockService } from '../index';"],
    ['nest/a.ts', "import { LockService } from '..';"],
    ['nest/a.ts', "import { LockService } from '@nest-quorum/redlock';"],
    ['nest/a.ts', "import { x } from '../../test/helpers/fleet';"],
    ['nest/a.ts', "import { LockTester } from '../testing/lock-tester';"],
    ['nest/a.ts', "import type { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['nest/a.ts', "import { TerminusModule } from '@nestjs/terminus';"],
    ['nest/a.ts', "import { trace } from '@opentelemetry/api';"],
    ['nest/filters/a.ts', "import { RedlockModule } from '../redlock.module';"],
    ['nest/decorators/a.ts', "import { ApiLocked } from '../../swagger/api-locked.decorator';"],
    ['nest/decorators/a.ts', "import { ApiResponse } from '@nestjs/swagger';"],
    ['testing/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['testing/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['testing/a.ts', "import { instrumentLocks } from '../opentelemetry/instrument-locks';"],
    ['testing/a.ts', "import type { HealthCheckService } from '@nestjs/terminus';"],
    ['health/a.ts', "import { LockTester } from '../testing/lock-tester';"],
    ['health/a.ts', "import { LockService } from '../index';"],
    ['service/a.ts', "import { instrumentLocks } from '../opentelemetry/instrument-locks';"],
    ['service/a.ts', "import { fenceOf } from '../fencing/fence';"],
    ['opentelemetry/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['opentelemetry/a.ts', "import { HealthIndicatorService } from '@nestjs/terminus';"],
    ['opentelemetry/a.ts', "import { MeterProvider } from '@opentelemetry/sdk-metrics';"],
    ['opentelemetry/a.ts', "import { Redlock } from '../core/redlock';"],
    ['fencing/a.ts', "import type { Redis } from 'ioredis';"],
    ['fencing/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['fencing/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['swagger/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['swagger/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['cli/text/a.ts', "import { run } from '../run';"],
    ['cli/nodes/a.ts', "import { table } from '../text/table';"],
    ['cli/doctor/a.ts', "import type { Redis } from '../../redis/client/ioredis/ioredis';"],
    ['cli/nodes/a.ts', "import { LockService } from '../../service/lock.service';"],
  ])('finds the wrong one in %s: %s', (file, code) => {
    expect(wrongArrows(example(file, code))).toEqual([expect.stringContaining(file)]);
  });

  it.each([
    ['core/a.ts', "import { LockError } from '../errors/lock.error';"],
    ['core/a.ts', "import { DueQueue } from '../collections/due-queue';"],
    ['redis/a.ts', "import { readInstant } from '../ports/times';"],
    ['redis/a.ts', "import { systemClock } from '../system/system-clock';"],
    ['redis/client/ioredis/ioredis.ts', "export { Redis } from 'ioredis';"],
    ['redis/server/a.ts', "import type { ServerClient } from '../client/server-client.interface';"],
    ['nodes/a.ts', "import { describeRedisNode } from '../redis/client/ioredis/describe-redis-node';"],
    ['locking/a.ts', "import { AsyncLocalStorage } from 'node:async_hooks';"],
    ['locking/a.ts', "import { detached } from '../ports/detached';"],
    ['locking/holding/a.ts', "import { Acquisition } from '../waiting/acquisition';"],
    ['service/a.ts', "import { Subject } from 'rxjs';"],
    ['calls/a.ts', "import { LockService } from '../service/lock.service';"],
    ['nest/a.ts', "import { Module } from '@nestjs/common';"],
    ['nest/decorators/a.ts', "import { explorer } from '../redlock.module';"],
    ['testing/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['testing/a.ts', "import { Module } from '@nestjs/common';"],
    ['health/a.ts', "import { LockService } from '../service/lock.service';"],
    ['health/a.ts', "import { HealthIndicatorService } from '@nestjs/terminus';"],
    ['fencing/a.ts', "import { GRANT } from '../redis/script/lua-scripts';"],
    ['fencing/a.ts', "import { HttpException } from '@nestjs/common';"],
    ['opentelemetry/a.ts', "import { trace } from '@opentelemetry/api';"],
    ['opentelemetry/a.ts', "import type { LockService } from '../service/lock.service';"],
    ['swagger/a.ts', "import { ApiResponse } from '@nestjs/swagger';"],
    ['cli/a.ts', "import { findLocks } from './nodes/find-locks';"],
    ['core/a.ts', "const text = \"import { Subject } from 'rxjs'\"; // import 'rxjs'"],
  ])('lets a right one in %s pass: %s', (file, code) => {
    expect(wrongArrows(example(file, code))).toEqual([]);
  });

  it('finds files and rooms that import each other', () => {
    const sources = new Map([
      ['core/a.ts', "import { b } from './b';"],
      ['core/b.ts', "import type { a } from './a';"],
      ['redis/c.ts', "import { d } from '../system/d';"],
      ['system/d.ts', ''],
      ['system/e.ts', "import type { f } from '../redis/f';"],
      ['redis/f.ts', ''],
    ]);

    expect(circles(sources)).toEqual(['core/a.ts -> core/b.ts -> core/a.ts', 'redis -> system -> redis']);
  });

  it.each([
    ['Date.now()'],
    ['new Date()'],
    ['Math.random()'],
    ['setTimeout(() => 1, 5)'],
    ['globalThis.setTimeout(() => 1, 5)'],
    ['performance.now()'],
    ['setImmediate(() => 1)'],
    ['const f = Math.random'],
  ])('finds time and chance of the process: %s', (code) => {
    expect(ambientTimeAndChance(example('locking/a.ts', code))).toHaveLength(1);
  });

  it.each([['new Date(clock.wallNow())'], ['clock.now()'], ['timers.setTimeout(1)'], ['"Date.now()"']])(
    'lets pass what is none: %s',
    (code) => {
      expect(ambientTimeAndChance(example('locking/a.ts', code))).toEqual([]);
    },
  );

  it('lets the process clock use them', () => {
    expect(ambientTimeAndChance(example('system/system-clock.ts', 'Date.now()'))).toEqual([]);
  });
});
