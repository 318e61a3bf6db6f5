// `npm run program -- doctor --nodes redis://…`: runs the program of the package from the sources of this
// clone.
import { spawn } from 'node:child_process';
import { prepare } from './lib/prepare.mjs';
import { libraryProgram } from './lib/sample.mjs';

try {
  await prepare();
  // Ctrl-C reaches both processes, and the program decides what it means.
  process.on('SIGINT', () => {});
  const child = spawn(process.execPath, [libraryProgram(), ...process.argv.slice(2)], { stdio: 'inherit' });
  child.once('exit', (code, signal) => (process.exitCode = signal === null ? code : 1));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
