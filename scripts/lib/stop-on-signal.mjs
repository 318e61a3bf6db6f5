const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const PARENT_CHECK_MS = 200;

/** Cleans up once on Ctrl-C and similar signals, then ends. A second signal ends at once. */
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

  /** A SIGTERM to npm ends npm and its shell, but the shell does not pass it on. */
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

/** True if a signal came. Errors after that come from what was stopped. */
stopOnSignal.stopping = false;
