/** One line that is written over on a terminal, and nothing elsewhere: logs keep the results only. */
export function progress(text) {
  if (!process.stdout.isTTY) return;
  process.stdout.write(`\r\x1b[2K${text.slice(0, (process.stdout.columns ?? 80) - 1)}`);
}

export function progressDone() {
  progress('');
}
