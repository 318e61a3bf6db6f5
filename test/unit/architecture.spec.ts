import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { ambientTimeAndChance, wrongArrows } from '../helpers/import-rules';

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
    'lock.service.ts',
    'errors/lock.error.ts',
    'core/redlock.ts',
    'redis/redis-lock-node.ts',
    'memory/memory-lock-node.ts',
    'locking/lock-manager.ts',
    'interfaces/lock-key.interface.ts',
    'utils/system-clock.ts',
    'utils/key-template.ts',
    'testing/lock-tester.ts',
    'health/redlock.health.ts',
    'opentelemetry/instrument-locks.ts',
    'fencing/fence.ts',
    'swagger/api-locked.decorator.ts',
  ];
  return new Map([...others.map((name) => [name, ''] as const), [file, code]]);
}

describe('the imports under lib', () => {
  it('go one way only', () => {
    expect(wrongArrows(readSources())).toEqual([]);
  });

  it('are read from all of its files', () => {
    const files = [...readSources().keys()];

    expect(files).toEqual(expect.arrayContaining(['core/redlock.ts', 'lock.service.ts', 'index.ts']));
    expect(files.length).toBeGreaterThan(40);
  });

  it('do not use the time or the chance of the process but in utils/system-*', () => {
    expect(ambientTimeAndChance(readSources())).toEqual([]);
  });
});

describe('the check of the imports', () => {
  it.each([
    ['errors/a.ts', "import { Redlock } from '../core/redlock';"],
    ['core/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['core/a.ts', "import type { LockService } from '../lock.service';"],
    ['core/a.ts', "export { systemClock } from '../utils/system-clock';"],
    ['core/a.ts', "import { Injectable } from '@nestjs/common';"],
    ['core/a.ts', "import type { Redis } from 'ioredis';"],
    ['locking/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['locking/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['locking/a.ts', "import { systemClock } from '../utils/system-clock';"],
    ['locking/a.ts', "import { Subject } from 'rxjs';"],
    ['locking/a.ts', "const { Subject } = require('rxjs');"],
    ['locking/a.ts', "const later = () => import('rxjs');"],
    ['locking/a.ts', "type S = import('rxjs').Subject<number>;"],
    ['locking/a.ts', "import rxjs = require('rxjs');"],
    ['redis/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['redis/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['redis/a.ts', "import { parse } from '../utils/key-template';"],
    ['redis/a.ts', "import type { LockKey } from '../interfaces/lock-key.interface';"],
    ['memory/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['utils/system-a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['lock.service.ts', "import { Redis } from 'ioredis';"],
    ['interfaces/a.ts', "import { Redis } from 'ioredis';"],
    ['redlock.module.ts', "import { LockService } from './index';"],
    ['redlock.module.ts', "import { LockService } from '.';"],
    ['redlock.module.ts', "import { LockService } from 'nestjs-redlock';"],
    ['redlock.module.ts', "import { x } from '../test/helpers/fleet';"],
    ['redlock.module.ts', "import { LockTester } from './testing/lock-tester';"],
    ['redlock.module.ts', "import type { RedlockHealthIndicator } from './health/redlock.health';"],
    ['redlock.module.ts', "import { TerminusModule } from '@nestjs/terminus';"],
    ['testing/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['testing/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['testing/a.ts', "import type { HealthCheckService } from '@nestjs/terminus';"],
    ['health/a.ts', "import { LockTester } from '../testing/lock-tester';"],
    ['health/a.ts', "import { LockService } from '../index';"],
    ['redlock.module.ts', "import { trace } from '@opentelemetry/api';"],
    ['lock.service.ts', "import { instrumentLocks } from './opentelemetry/instrument-locks';"],
    ['testing/a.ts', "import { instrumentLocks } from '../opentelemetry/instrument-locks';"],
    ['opentelemetry/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['opentelemetry/a.ts', "import { HealthIndicatorService } from '@nestjs/terminus';"],
    ['opentelemetry/a.ts', "import { MeterProvider } from '@opentelemetry/sdk-metrics';"],
    ['opentelemetry/a.ts', "import { Redlock } from '../core/redlock';"],
    ['fencing/a.ts', "import type { Redis } from 'ioredis';"],
    ['fencing/a.ts', "import { MemoryLockNode } from '../memory/memory-lock-node';"],
    ['lock.service.ts', "import { fenceOf } from './fencing/fence';"],
    ['decorators/a.ts', "import { ApiLocked } from '../swagger/api-locked.decorator';"],
    ['decorators/a.ts', "import { ApiResponse } from '@nestjs/swagger';"],
    ['swagger/a.ts', "import { RedlockHealthIndicator } from '../health/redlock.health';"],
    ['swagger/a.ts', "import { LockManager } from '../locking/lock-manager';"],
  ])('finds the wrong one in %s: %s', (file, code) => {
    expect(wrongArrows(example(file, code))).toEqual([expect.stringContaining(file)]);
  });

  it.each([
    ['core/a.ts', "import { LockError } from '../errors/lock.error';"],
    ['redis/a.ts', "import { Redis } from 'ioredis';"],
    ['redis/a.ts', "import { systemClock } from '../utils/system-clock';"],
    ['memory/a.ts', "import type { Redlock } from '../core/redlock';"],
    ['locking/a.ts', "import { AsyncLocalStorage } from 'node:async_hooks';"],
    ['interfaces/a.ts', "import type { Redis } from 'ioredis';"],
    ['redlock.module.ts', "import { Module } from '@nestjs/common';"],
    ['filters/a.ts', "import { Redlock } from '../core/redlock';"],
    ['testing/a.ts', "import { LockManager } from '../locking/lock-manager';"],
    ['testing/a.ts', "import { Module } from '@nestjs/common';"],
    ['health/a.ts', "import { LockService } from '../lock.service';"],
    ['health/a.ts', "import { HealthIndicatorService } from '@nestjs/terminus';"],
    ['fencing/a.ts', "import { RedisLockNode } from '../redis/redis-lock-node';"],
    ['fencing/a.ts', "import { HttpException } from '@nestjs/common';"],
    ['opentelemetry/a.ts', "import { trace } from '@opentelemetry/api';"],
    ['opentelemetry/a.ts', "import type { LockService } from '../lock.service';"],
    ['swagger/a.ts', "import { ApiResponse } from '@nestjs/swagger';"],
    ['swagger/a.ts', "import { LockError } from '../errors/lock.error';"],
    ['core/a.ts', "const text = \"import { Subject } from 'rxjs'\"; // import 'rxjs'"],
  ])('lets a right one in %s pass: %s', (file, code) => {
    expect(wrongArrows(example(file, code))).toEqual([]);
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
    expect(ambientTimeAndChance(example('utils/system-clock.ts', 'Date.now()'))).toEqual([]);
  });
});
