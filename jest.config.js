const { name, exports: entries } = require('./package.json');

/** `testing|health|…`: the sub-paths of the package. */
const subPaths = Object.keys(entries)
  .filter((entry) => entry !== '.' && !entry.endsWith('.json'))
  .map((entry) => entry.slice(2))
  .join('|');

/** @type {import('jest').Config} */
const base = {
  testEnvironment: '<rootDir>/test/environment.cjs',
  transform: {
    '^.+\\.[tj]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  // jest cannot require an ES module below Node 24.9, so the ESM packages of Nest are compiled to CommonJS too.
  transformIgnorePatterns: ['/node_modules/(?!@nestjs/)'],
  // By its own name, the package under test is the sources and not what was built last.
  moduleNameMapper: {
    [`^${name}$`]: '<rootDir>/lib/index.ts',
    [`^${name}/(${subPaths})$`]: '<rootDir>/lib/$1/index.ts',
  },
  setupFiles: ['reflect-metadata'],
};

const suite = (name) => ({
  ...base,
  displayName: name,
  roots: ['<rootDir>/test'],
  testMatch: [`<rootDir>/test/${name}/**/*.spec.ts`],
});

module.exports = {
  projects: ['unit', 'property', 'simulation', 'contract', 'e2e', 'chaos', 'package'].map(suite),
  // For the slowest, which build or start something; jest knows no limit per project.
  testTimeout: 60_000,
};
