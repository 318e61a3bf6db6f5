const EVERY_MS = 250;
const CLEAR = '\r\x1b[2K';

/** Whether somebody looks at a terminal that can write over a line. In CI and in files, lines stay as they are. */
export function isWatched() {
  return process.stdout.isTTY === true && !process.env.CI && process.env.TERM !== 'dumb';
}

/**
 * The last line of the terminal, which is written over while it is shown. Whatever else this process prints stands above
 * it; what a child process prints must come through this process.
 */
export class StatusLine {
  #timer;
  #restore = [];
  #isDrawn = false;
  #isLineOpen = false;
  #drawnAt = 0;
  #describe = () => '';
  #write;

  /** @param describe its text, asked for again and again */
  show(describe) {
    if (!isWatched() || this.#timer !== undefined) return;
    for (const stream of [process.stdout, process.stderr]) this.#watch(stream);
    this.#describe = describe;
    this.#timer = setInterval(() => this.#draw(), EVERY_MS).unref();
    process.once('exit', this.hide);
  }

  /** Draws it, unless that was done right before. */
  refresh() {
    if (this.#timer !== undefined && performance.now() - this.#drawnAt >= EVERY_MS) this.#draw();
  }

  hide = () => {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
    for (const restore of this.#restore.splice(0)) restore();
    process.off('exit', this.hide);
  };

  #watch(stream) {
    const { write } = stream;
    this.#restore.push(() => (stream.write = write));
    stream.write = (chunk, ...rest) => {
      this.#clear();
      this.#isLineOpen = !String(chunk).endsWith('\n');
      return write.call(stream, chunk, ...rest);
    };
    this.#write ??= (text) => write.call(stream, text);
  }

  #draw() {
    // A line that is not at its end yet must not be written over.
    if (this.#isLineOpen) return;
    const columns = process.stdout.columns || 80;
    this.#write(`${CLEAR}${this.#describe().slice(0, columns - 1)}`);
    this.#drawnAt = performance.now();
    this.#isDrawn = true;
  }

  #clear() {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.#write(CLEAR);
  }
}
