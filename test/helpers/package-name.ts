import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { name, version, exports } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'),
) as { name: string; version: string; exports: Record<string, unknown> };

/** What the package is called, which package.json says and nothing else. */
export const PACKAGE_NAME = name;

/** What `npm pack` writes. */
export const PACKED_FILE = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;

/** What comes after the name where it is imported: nothing, `/testing`, `/health`, … */
export const ENTRIES = Object.keys(exports)
  .filter((entry) => !entry.endsWith('.json'))
  .map((entry) => entry.slice(1));
