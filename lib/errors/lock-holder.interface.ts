/** What an owner token tells; a token of another library tells only itself. */
export interface LockHolder {
  readonly ownerToken: string;
  readonly host?: string;
  readonly pid?: number;
  /** Tells apart the lock services of one process. */
  readonly serviceId?: string;
  /** What the holder calls itself; see the option `label`. */
  readonly label?: string;
}

/** The holder in words: "import 17" (process 42 on web-1). Undefined where the owner token tells nothing. */
export function nameHolder({ host, pid, label }: LockHolder): string | undefined {
  if (host === undefined || pid === undefined) return undefined;
  const process = `process ${pid} on ${host}`;
  return label === undefined ? process : `${JSON.stringify(label)} (${process})`;
}
