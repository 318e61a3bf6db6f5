'use strict';
const { join, sep } = require('node:path');
const { folderOfPackage } = require('./folders.cjs');

const root = join(__dirname, '..');
const ours = ['lib', 'test'].map((folder) => join(root, folder) + sep);

/**
 * For jest: what our own files import comes from the folders. What is in them finds the rest by itself, since it is
 * installed beside it.
 */
module.exports = (request, options) => {
  const folder = isOurs(options.basedir) ? folderOf(request) : undefined;
  return options.defaultResolver(request, folder === undefined ? options : { ...options, basedir: folder });
};

function isOurs(folder) {
  return ours.some((prefix) => `${folder}${sep}`.startsWith(prefix));
}

function folderOf(request) {
  const name = /^(@[^/]+\/)?[^/]+/.exec(request)?.[0] ?? request;
  const folder = folderOfPackage[name];
  const nest = folderOfPackage['@nestjs/core'];
  // Rather no test than one that mixes two majors of Nest.
  if (folder === undefined && nest !== undefined && name.startsWith('@nestjs/')) {
    throw new Error(`${name} is missing in ${join(nest, 'package.json')}`);
  }
  return folder;
}
