import { Logger } from '@nestjs/common';
import type { LockEvent } from '../locking/api/lock-event.interface';
import { LOGGER_CONTEXT } from './redlock.constants';
import {
  evenNodes,
  nodeBack,
  nodeDown,
  nodeGranting,
  nodeGuarded,
  nodeRefusing,
  nodeTrusted,
  nodeWarning,
} from '../service/node-messages';
import { strangeCopies, type Copy } from '../service/copies';

/**
 * Logs one line for each event of a node, and none for locks: these are many, and their errors reach the callers.
 */
export class NodeLog {
  private readonly logger = new Logger(LOGGER_CONTEXT);
  /** The nodes that are down, with the reason that was logged. */
  private readonly downNodes = new Map<string, string | undefined>();

  noteNumber(count: number): void {
    if (count > 0 && count % 2 === 0) this.logger.warn(evenNodes(count));
  }

  noteCopies(copies: readonly Copy[]): void {
    if (copies.length > 0) this.logger.warn(strangeCopies(copies));
  }

  note(event: LockEvent): void {
    switch (event.type) {
      case 'node-down': {
        const reason = event.error?.message;
        // It may be told again, when a later try has found out why the node stays down.
        if (this.downNodes.has(event.node)) {
          const isNews = reason !== undefined && reason !== this.downNodes.get(event.node);
          if (!isNews) break;
        }
        this.downNodes.set(event.node, reason);
        this.logger.warn(nodeDown(event.node, event.error));
        break;
      }
      case 'node-up':
        // The first connection of a node is not logged.
        if (this.downNodes.delete(event.node)) this.logger.log(nodeBack(event.node));
        break;
      case 'node-guarded':
        this.logger.warn(nodeGuarded(event.node, event.reason, event.forMs));
        break;
      case 'node-trusted':
        this.logger.log(nodeTrusted(event.node));
        break;
      case 'node-refusing':
        this.logger.warn(nodeRefusing(event.node, event.error));
        break;
      case 'node-granting':
        this.logger.log(nodeGranting(event.node));
        break;
      case 'node-warning':
        this.logger.warn(nodeWarning(event.message));
        break;
    }
  }
}
