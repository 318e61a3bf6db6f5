import { Command } from './ioredis';

/** A command of ioredis that is encoded already. */
export class EncodedCommand extends Command {
  constructor(
    name: string,
    private readonly bytes: Buffer | string,
  ) {
    super(name, NO_ARGUMENTS, UTF8);
  }

  override toWritable(): Buffer | string {
    return this.bytes;
  }
}

const NO_ARGUMENTS: never[] = [];
const UTF8 = { replyEncoding: 'utf8' } as const;
