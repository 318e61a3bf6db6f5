import { MemoryLockNode } from '../../lib/memory/memory-lock-node';
import { itKeepsTheContractOfLockNode } from './lock-node.contract';

describe('MemoryLockNode', () => {
  itKeepsTheContractOfLockNode(() => Promise.resolve(new MemoryLockNode()));
});
