import type { ExecutionContext } from '@nestjs/common';
import type { LockTargets } from '../locking/checks/check-targets';

/** What a key function may return: one resource, or several that are locked all or nothing; `{ shared: name }` is only read. */
export type LockKeyResult = LockTargets;

/** Any function that can be the key of a method; what it takes is checked against the method that it stands on. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters of all methods
export type LockKeyFunction = (this: any, ...args: any[]) => LockKeyResult;

/**
 * What `LockInterceptor` locks:
 * - a template: `<params.id>`, `<query.page>`, `<body.order.id>`, `<headers.x-tenant>`, `<user.id>` of the HTTP request;
 *   `<0>`, `<1.id>`: arguments of the execution context, on any transport. These are raw input: name the form of a value
 *   that has several spellings, `<params.id|int>`, `|uuid`, `|lower` or `|trim`
 * - several templates: all or nothing; in `{ shared: 'rates:<params.id>' }` one whose resource is only read
 * - a function of the execution context
 */
export type ContextLockKey = LockTargets | ((context: ExecutionContext) => LockKeyResult);
