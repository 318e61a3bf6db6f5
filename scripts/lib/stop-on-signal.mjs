const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

/** On Ctrl-C and its like: cleans up once, then ends. A second signal ends at once. */
export function stopOnSignal(cleanUp) {
  for (const [signal, code] of Object.entries(CODES)) {
    process.on(signal, () => {
      if (stopOnSignal.stopping) process.exit(code);
      stopOnSignal.stopping = true;
      void cleanUp().finally(() => process.exit(code));
    });
  }
}

/** Whether a signal came: errors after that are those of things that were stopped. */
stopOnSignal.stopping = false;
