'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** The folders that take the place of the project's own packages, as COMPAT_FOLDERS names them: `nest10,ioredis5`. */
const folders = (process.env.COMPAT_FOLDERS ?? '')
  .split(',')
  .filter((name) => name !== '')
  .map((name) => join(__dirname, name));

/** Where to look for a package: `{ '@nestjs/common': '/…/compat/nest10', … }`. */
const folderOfPackage = Object.fromEntries(
  folders.flatMap((folder) => dependenciesOf(folder).map((name) => [name, folder])),
);

function dependenciesOf(folder) {
  return Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).dependencies);
}

module.exports = { folderOfPackage };
