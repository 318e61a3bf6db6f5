'use strict';
const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

/** The storages that were used since the last spec ended. */
const used = new Set();

for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...args) {
    used.add(this);
    return original.apply(this, args);
  };
}

/**
 * Switches off each AsyncLocalStorage that a spec has used, once the spec is over. Below Node 24, each promise of a process
 * asks every storage that was ever used, and a used one is never freed. All specs of a suite may run in one process, and
 * each loads the library anew, with storages of its own: the later ones took several times as long as alone.
 */
module.exports = class extends TestEnvironment {
  async teardown() {
    await super.teardown();
    for (const storage of used) storage.disable();
    used.clear();
  }
};
