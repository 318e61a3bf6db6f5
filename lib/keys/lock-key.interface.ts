import type { ExecutionContext } from '@nestjs/common';
import type { LockTargets } from '../locking/api/check-targets';

/**
 * The result of a key function: one resource, or several that are locked together or not at all;
 * `{ shared: name }` is only read.
 */
export type LockKeyResult = LockTargets;

/** Any function that can be the key of a method. Its parameters are checked against those of the method. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type LockKeyFunction = (this: any, ...args: any[]) => LockKeyResult;

/**
 * The key of a `LockInterceptor`:
 * - a template: `<params.id>`, `<query.page>`, `<body.order.id>`, `<headers.x-tenant>`, `<user.id>` of the HTTP
 *   request; `<0>`, `<1.id>`: arguments of the execution context, on any transport. These are raw input: name the
 *   form of a value that has several spellings, `<params.id|int>`, `|uuid`, `|lower` or `|trim`
 * - several templates, which are locked together or not at all; in `{ shared: 'rates:<params.id>' }` the resource
 *   is only read
 * - a function of the execution context
 */
export type ContextLockKey = LockTargets | ((context: ExecutionContext) => LockKeyResult);
