#!/usr/bin/env node
import { run } from './run';
import { ProcessTerminal } from './terminal';

// This does not call process.exit(): output may still be on its way to a pipe. Every command closes what it
// opened.
void run(process.argv.slice(2), new ProcessTerminal()).then((code) => {
  process.exitCode = code;
});
