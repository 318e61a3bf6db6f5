interface Listening {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const listenings = new WeakMap<AbortSignal, Listening>();

/**
 * Calls `callback` when `signal` aborts, until the returned function is called.
 *
 * All callbacks share one listener: a signal may be given to many calls, and Node warns of a leak at the eleventh
 * listener.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const listening = listenings.get(signal) ?? listen(signal);
  listening.callbacks.add(callback);
  return () => {
    listening.callbacks.delete(callback);
    if (listening.callbacks.size > 0 || listenings.get(signal) !== listening) return;
    listenings.delete(signal);
    signal.removeEventListener('abort', listening.listener);
  };
}

function listen(signal: AbortSignal): Listening {
  const callbacks = new Set<() => void>();
  const listener = () => {
    listenings.delete(signal);
    for (const callback of [...callbacks]) callback();
  };
  const listening = { callbacks, listener };
  listenings.set(signal, listening);
  signal.addEventListener('abort', listener, { once: true });
  return listening;
}
