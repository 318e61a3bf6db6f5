import type { ServerFacts, ServerProduct } from '../../ports/lock-node.interface';

/** The products of these servers, each once. Undefined if none is known. */
export function productsOf(servers: readonly ServerFacts[] | undefined): ServerProduct[] | undefined {
  const products = new Map<string, ServerProduct>();
  for (const { product } of servers ?? []) {
    if (product !== undefined) products.set(`${product.name} ${product.version} ${product.mode}`, product);
  }
  return products.size === 0 ? undefined : [...products.values()];
}

/** The products as text: `Valkey 9.1.2`, or several of them. */
export function showProducts(products: readonly ServerProduct[] | undefined): string | undefined {
  return products?.map(({ name, version = '?' }) => `${name} ${version}`).join(', ');
}
