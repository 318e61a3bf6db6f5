import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const { name, version } = JSON.parse(
  readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8'),
) as Record<'name' | 'version', string>;

/** What the package is called, which package.json says and nothing else. */
export const PACKAGE_NAME = name;

/** What `npm pack` writes. */
export const PACKED_FILE = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
