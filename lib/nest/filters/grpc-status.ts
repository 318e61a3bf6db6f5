import type { ArgumentsHost } from '@nestjs/common';
import type { LockError } from '../../errors/lock.error';
import { kindOf, type CompleteAnswer } from './lock-answers';

/** The metadata of `@grpc/grpc-js`, which this library does not depend on. */
interface GrpcMetadata {
  set(key: string, value: string): void;
  clone(): GrpcMetadata;
  getMap(): object;
}

interface GrpcStatus {
  readonly code: number;
  readonly details: string;
  readonly message: string;
  readonly metadata: GrpcMetadata;
}

/**
 * The codes of gRPC. ABORTED is for conflicts after which the whole operation may be tried again, and
 * RESOURCE_EXHAUSTED for quotas. Clients and service configurations try again after UNAVAILABLE by themselves.
 */
const CODES = { busy: 10, limit: 8, unavailable: 14, invalid: 3, left: 1, failed: 13 } as const;

/**
 * Makes empty metadata for the answer to a gRPC call, of the same class as those of the request. Undefined on
 * other transports.
 */
export function grpcMetadataOf(host: ArgumentsHost): GrpcMetadata | undefined {
  const metadata: unknown = host.getArgByIndex(1);
  if (!isGrpcMetadata(metadata)) return undefined;
  return new (metadata.constructor as new () => GrpcMetadata)();
}

function isGrpcMetadata(value: unknown): value is GrpcMetadata {
  const { set, clone, getMap } = (value ?? {}) as Partial<GrpcMetadata>;
  return [set, clone, getMap].every((method) => typeof method === 'function');
}

/**
 * The status that ends a call. The metadata contains the code of the error, since several errors share a code of
 * gRPC.
 */
export function grpcStatus(error: LockError, answer: CompleteAnswer, metadata: GrpcMetadata): GrpcStatus {
  const { message, retryAfter } = answer;
  metadata.set('lock-error-code', error.code);
  if (retryAfter !== false) metadata.set('grpc-retry-pushback-ms', String(retryAfter));
  return { code: CODES[kindOf(error)], details: message, message, metadata };
}
