'use strict';
const { join } = require('node:path');
const config = require('../jest.config.js');
const { folderOfPackage } = require('./folders.cjs');

const rootDir = join(__dirname, '..');

/** The suites as they are, on the packages of other folders. */
module.exports = {
  ...config,
  rootDir,
  projects: config.projects.map((project) => ({
    ...project,
    rootDir,
    resolver: join(__dirname, 'resolver.cjs'),
    setupFiles: project.setupFiles.map((name) =>
      require.resolve(name, { paths: [folderOfPackage[name] ?? rootDir] }),
    ),
  })),
};
