import type {
  InjectionToken,
  ModuleMetadata,
  OptionalFactoryDependency,
  Provider,
  Type,
} from '@nestjs/common';
import type { RedlockOptions } from '../service/redlock-options.interface';
import type { LockAnswers } from './filters/lock-answers.interface';

/** Options of {@link RedlockModule}. */
export interface RedlockModuleOptions extends RedlockOptions {
  /**
   * Answers lock errors that a handler did not catch, on HTTP, microservices and GraphQL: busy 409, unavailable 503,
   * both with Retry-After, others 500. False leaves them to other filters. For those of Nest, and for all that look for
   * an `HttpException`, a busy and an unavailable lock are one, with the same status and body.
   *
   * @default true
   */
  exceptionFilter?: boolean;

  /** Another status, message or Retry-After for lock errors: `{ busy: { statusCode: 423 } }`. */
  answers?: LockAnswers;
}

/** What belongs to the registration of the module, not to its locks. */
export interface RedlockModuleExtras {
  /**
   * Whether every module can inject the lock service without importing RedlockModule.
   *
   * @default true
   */
  isGlobal?: boolean;
  /** Tells several lock services of one application apart: `@InjectLockService('billing')`. */
  name?: string;
}

/** What `useClass` and `useExisting` need. */
export interface RedlockOptionsFactory {
  createRedlockOptions(): RedlockModuleOptions | Promise<RedlockModuleOptions>;
}

/** Options of `RedlockModule.forRootAsync`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface RedlockModuleAsyncOptions extends RedlockModuleExtras, Pick<ModuleMetadata, 'imports'> {
  /** Returns the options, from what `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(config: Config) => …` is taken
  useFactory?: (...dependencies: any[]) => RedlockModuleOptions | Promise<RedlockModuleOptions>;
  /** What `useFactory` is called with. */
  inject?: (InjectionToken | OptionalFactoryDependency)[];
  /** A class that Nest makes an instance of, for the options alone. */
  useClass?: Type<RedlockOptionsFactory>;
  /** A provider of one of the `imports`, or of a global module: its one instance is asked. */
  useExisting?: Type<RedlockOptionsFactory>;
  /** Providers that only the options need. */
  extraProviders?: Provider[];
}
