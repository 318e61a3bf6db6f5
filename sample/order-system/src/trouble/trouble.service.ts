import { ConflictException, Injectable, OnApplicationShutdown } from '@nestjs/common';
import type { Fleet } from './fleet.interface';

/** What to do before the fleet is reported. */
export interface Deed {
  readonly kill?: number;
  readonly start?: number;
}

interface Answer extends Fleet {
  readonly id: number;
  readonly problem?: string;
}

/** The answer waits until a killed server has ended, or a new one has started. */
const LONGEST_ANSWER_MS = 30_000;

/**
 * Asks `npm start`, which has started this process and the lock nodes. Without it, there is nothing to kill.
 */
@Injectable()
export class TroubleService implements OnApplicationShutdown {
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private lastId = 0;
  private readonly listen = (message: Answer) => {
    this.waiting.get(message.id)?.(message);
  };

  constructor() {
    if (process.send !== undefined) process.on('message', this.listen);
  }

  async ask(deed: Deed = {}): Promise<Fleet> {
    const isAsking = Object.keys(deed).length > 0;
    if (process.send === undefined) {
      if (isAsking) throw notOurs();
      return { apps: [], nodes: [] };
    }
    const { problem, apps, nodes } = await this.send(deed);
    if (problem !== undefined) throw new ConflictException({ code: 'NO_TROUBLE', message: problem });
    if (isAsking && nodes.length === 0) throw notOurs();
    return { apps, nodes };
  }

  /** Tells if a page of this origin comes from one of the shop's own processes. Never rejects. */
  async isOurs(origin: string | undefined): Promise<boolean> {
    if (origin === undefined || process.send === undefined) return false;
    const { apps } = await this.ask().catch(() => ({ apps: [] as string[] }));
    // This is another name of the same machine.
    return apps.includes(origin.replace('//localhost:', '//127.0.0.1:'));
  }

  onApplicationShutdown(): void {
    process.off('message', this.listen);
  }

  private send(deed: Deed): Promise<Answer> {
    const id = (this.lastId += 1);
    return new Promise<Answer>((resolve, reject) => {
      const limit = setTimeout(() => {
        reject(new ConflictException({ code: 'NO_TROUBLE', message: 'npm start does not answer.' }));
      }, LONGEST_ANSWER_MS).unref();
      this.waiting.set(id, (answer) => {
        clearTimeout(limit);
        resolve(answer);
      });
      process.send?.({ id, ...deed });
    }).finally(() => this.waiting.delete(id));
  }
}

function notOurs(): ConflictException {
  return new ConflictException({
    code: 'NO_TROUBLE',
    message: 'These lock nodes were not started by npm start, so the shop may not kill them.',
  });
}
