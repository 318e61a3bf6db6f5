import { readFileSync } from 'node:fs';

const { exports } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** The sources of what `exports` of package.json makes public. */
const entryPoints = Object.values(exports)
  .flatMap((entry) => entry.default ?? [])
  .map((file) => file.replace('./dist/', 'lib/').replace(/\.js$/, '.ts'));

/** @type {Partial<import('typedoc').TypeDocOptions>} */
const options = {
  name: 'nestjs-redlock',
  entryPoints,
  tsconfig: 'tsconfig.build.json',
  out: 'docs/api',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  excludeExternals: true,
  disableSources: true,
  // Those of typedoc, and what else stands in doc comments.
  highlightLanguages: ['typescript', 'javascript', 'json', 'bash', 'tsx', 'css', 'html', 'console', 'sql'],
  // The compiler is a step of its own.
  skipErrorChecking: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
  // Parts of types that say something only where they are used.
  intentionallyNotExported: [
    ...['AboutHold', 'AboutResources', 'Task', 'Facts', 'ResultOfOnBusy', 'AskedEachTime'],
    ...['ReturnFits', 'KeyFits', 'OnBusyFits', 'OnUnavailableFits', 'OnLostFits'],
    ...['WithArguments', 'ResultFits', 'HasPropertiesOf'],
    ...['NotStatic', 'NoProperty', 'StandardMethodContext', 'BusyFacts', 'FencingFor'],
    ...['MethodWith', 'IfStream', 'StreamIsRefused', 'FitsLeader', 'AnyMethod'],
  ],
};

export default options;
