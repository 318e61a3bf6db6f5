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
   * Answers lock errors that a handler did not catch, on HTTP, microservices and GraphQL: busy 409, unavailable
   * 503, both with Retry-After, others 500. With false, other filters have to. For Nest's own filters, and for all
   * that look for an `HttpException`, a busy and an unavailable lock are one, with the same status and body.
   *
   * @default true
   */
  exceptionFilter?: boolean | undefined;

  /** Another status, message or Retry-After for lock errors: `{ busy: { statusCode: 423 } }`. */
  answers?: LockAnswers | undefined;
}

/** Options of the registration of the module, and not of its locks. */
export interface RedlockModuleExtras {
  /**
   * With true, every module can inject the lock service without importing RedlockModule.
   *
   * @default true
   */
  isGlobal?: boolean | undefined;
  /** A name that tells several lock services of one application apart: `@InjectLockService('billing')`. */
  name?: string | undefined;
}

/** The interface that `useClass` and `useExisting` need. */
export interface RedlockOptionsFactory {
  createRedlockOptions(): RedlockModuleOptions | Promise<RedlockModuleOptions>;
}

/** Options of `RedlockModule.forRootAsync`: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface RedlockModuleAsyncOptions extends RedlockModuleExtras, Pick<ModuleMetadata, 'imports'> {
  /** Returns the options. It gets the providers that `inject` names. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as in Nest: so that `(config: Config) => …` is taken
  useFactory?: ((...dependencies: any[]) => RedlockModuleOptions | Promise<RedlockModuleOptions>) | undefined;
  /** The tokens of the providers that `useFactory` gets. It is not for `useClass` and `useExisting`. */
  inject?: (InjectionToken | OptionalFactoryDependency)[] | undefined;
  /** A class of which Nest makes an instance only for the options. */
  useClass?: Type<RedlockOptionsFactory> | undefined;
  /** A provider of one of the `imports`, or of a global module. Its existing instance is used. */
  useExisting?: Type<RedlockOptionsFactory> | undefined;
  /** Providers that only the options need. */
  extraProviders?: Provider[] | undefined;
}
