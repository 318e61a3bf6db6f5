const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const PARENT_CHECK_MS = 200;

/** On Ctrl-C and its like: cleans up once, then ends. A second signal ends at once. */
export function stopOnSignal(cleanUp) {
  for (const [signal, code] of Object.entries(CODES)) {
    process.on(signal, () => stop(code));
  }
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent();

  function stop(code) {
    if (stopOnSignal.stopping) process.exit(code);
    stopOnSignal.stopping = true;
    void cleanUp().finally(() => process.exit(code));
  }

  /** A SIGTERM to npm ends npm and its shell, and the shell tells nobody. */
  function stopWithParent() {
    const parent = process.ppid;
    const check = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(check);
      if (!stopOnSignal.stopping) stop(CODES.SIGTERM);
    }, PARENT_CHECK_MS);
    check.unref();
  }
}

/** Whether a signal came: errors after that are those of things that were stopped. */
stopOnSignal.stopping = false;
