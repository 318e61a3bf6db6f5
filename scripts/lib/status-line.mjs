const EVERY_MS = 250;
const CLEAR = '\r\x1b[2K';

/**
 * Tells if somebody watches a terminal that can overwrite a line. In CI and in files, lines stay as they are.
 */
export function isWatched() {
  return process.stdout.isTTY === true && !process.env.CI && process.env.TERM !== 'dumb';
}

/**
 * The last line of the terminal, which is overwritten while it is shown. Everything else that this process
 * prints is above it. The output of a child process must come through this process.
 */
export class StatusLine {
  #timer;
  #restore = [];
  #isDrawn = false;
  #isLineOpen = false;
  #drawnAt = 0;
  #describe = () => '';
  #write;

  /** @param describe returns its text; it is called again and again */
  show(describe) {
    if (!isWatched() || this.#timer !== undefined) return;
    for (const stream of [process.stdout, process.stderr]) this.#watch(stream);
    this.#describe = describe;
    this.#timer = setInterval(() => this.#draw(), EVERY_MS).unref();
    process.once('exit', this.hide);
  }

  /** Draws the line, unless it was drawn right before. */
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
    // A line that is not complete yet must not be overwritten.
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
