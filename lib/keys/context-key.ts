import type { ExecutionContext } from '@nestjs/common';
import type { KeySource } from './lock-key';

const INDEX = /^(0|[1-9]\d*)$/;
/** These parts of an HTTP request are always objects, so a key needs a property of them. */
const COLLECTIONS = ['params', 'query', 'headers'];
const ROOTS = [...COLLECTIONS, 'body', 'user'];

/** `<params.id>`, `<headers.x-tenant>`, … of the HTTP request; `<0>`, `<1>`: arguments of the context, on any transport. */
export const contextKeySource: KeySource<ExecutionContext> = {
  refuse(root, path) {
    if (INDEX.test(root)) return undefined;
    if (!ROOTS.includes(root)) {
      return (
        'A placeholder starts with params, query, body, headers or user of the HTTP request, as in "<params.id>", ' +
        'or with the position of an argument of the context, as in "<0.id>".'
      );
    }
    return COLLECTIONS.includes(root) && path.length === 0
      ? `Name a property of it, as in "<${root}.id>".`
      : undefined;
  },

  spell(path) {
    const [root = 'id', property] = path;
    if (INDEX.test(root) || (ROOTS.includes(root) && property !== undefined)) return `<${path.join('.')}>`;
    return `<params.${path.length === 0 ? root : path.join('.')}>`;
  },

  read(context, root, path) {
    if (INDEX.test(root)) return context.getArgByIndex(Number(root));
    if (context.getType() !== 'http') return undefined;
    const request = context.switchToHttp().getRequest<Record<string, unknown>>();
    // Node has header names in lower case. A template may have them as the RFC writes them.
    return root === 'headers' ? headerByName(request['headers'], path[0]) : request[root];
  },

  // A guard makes the user of a request, so it does not come from the client.
  isFromClient: (root) => root !== 'user',

  call: (keyFunction, context) => (keyFunction as (context: ExecutionContext) => unknown)(context),
};

function headerByName(headers: unknown, name = ''): unknown {
  return { [name]: (headers as Record<string, unknown> | undefined)?.[name.toLowerCase()] };
}
