import { Command } from './ioredis';

/** A command of ioredis that is encoded already. */
export function encodedCommand(name: string, bytes: Buffer | string): Command {
  return new EncodedCommand(name, bytes) as unknown as Command;
}

/** The members of a command that are used or replaced here. The types of ioredis let nobody replace `initPromise`. */
interface OpenCommand {
  promise: Promise<unknown>;
  resolve: (reply: Buffer) => void;
  reject: (error: Error) => void;
  initPromise(): void;
  toWritable(): Buffer | string;
  transformReply(reply: Buffer): unknown;
}

const OpenCommand = Command as unknown as new (
  name: string,
  args: readonly never[],
  options: { readonly replyEncoding: 'utf8' },
) => OpenCommand;

class EncodedCommand extends OpenCommand {
  constructor(
    name: string,
    private readonly bytes: Buffer | string,
  ) {
    super(name, NO_ARGUMENTS, UTF8);
  }

  /**
   * Makes the promise; ioredis calls it while it makes the command. Our connections have no time limit for commands, so no
   * timer has to be stopped when the promise is settled. Both functions work without `this`, since tracers call them so.
   *
   * Neither of them is written at its assignment, as it is in ioredis: that would keep the command alive until the next full
   * collection, as long as V8 has not optimized the code ("Short-lived objects" in docs/ARCHITECTURE.md).
   */
  override initPromise(): void {
    this.promise = new Promise((resolve, reject) => {
      const settle = (reply: Buffer): void => {
        try {
          resolve(this.transformReply(reply));
        } catch (error) {
          this.reject(error as Error);
        }
      };
      this.resolve = settle;
      this.reject = reject;
    });
  }

  override toWritable(): Buffer | string {
    return this.bytes;
  }
}

const NO_ARGUMENTS: readonly never[] = [];
const UTF8 = { replyEncoding: 'utf8' } as const;
