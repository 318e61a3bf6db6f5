import { CallerLeftError } from '../errors/caller-left.error';

/** The caller that waits for the result of a call, and may leave before that. */
export class Caller {
  private error: CallerLeftError | undefined;
  private controller: AbortController | undefined;

  /** Aborts when the caller leaves. It is made when somebody asks for it, since few do. */
  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    if (this.error !== undefined) this.controller.abort(this.error);
    return this.controller.signal;
  }

  leave(): CallerLeftError {
    if (this.error === undefined) {
      this.error = new CallerLeftError();
      this.controller?.abort(this.error);
    }
    return this.error;
  }
}
