/** The facts that an owner token tells. A token of another library has only itself. */
export interface LockHolder {
  readonly ownerToken: string;
  readonly host?: string;
  readonly pid?: number;
  /** An id that tells the lock services of one process apart. */
  readonly serviceId?: string;
  /** The name that the holder gives itself; see the option `label`. */
  readonly label?: string;
}

/** The holder in words: "import 17" (process 42 on web-1). Undefined if the owner token tells nothing. */
export function nameHolder({ host, pid, label }: LockHolder): string | undefined {
  if (host === undefined || pid === undefined) return undefined;
  const process = `process ${pid} on ${host}`;
  return label === undefined ? process : `${JSON.stringify(label)} (${process})`;
}
