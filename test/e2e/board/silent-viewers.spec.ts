import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Board } from '../../../lib/board/core/board';
import type { ListedLock, LockListing } from '../../../lib/locking/api/lock-listing.interface';
import { systemClock } from '../../../lib/system/system-clock';
import { until } from '../../helpers/until';

const LOCKS = 1_000;
const VIEWERS = 5;
/** No less than a lock is told in. */
const BYTES = 1_000;
const LOOKS_AFTER = 20;

/** Nothing stays: each look has other locks, and all of them to tell. */
class RestlessNodes {
  looks = 0;
  readonly events$ = { subscribe: () => ({ unsubscribe: () => undefined }) };

  list(): Promise<LockListing> {
    const look = (this.looks += 1);
    const locks = Array.from({ length: LOCKS }, (_, at): ListedLock => ({
      resource: `${'x'.repeat(BYTES)}:${look}:${at}`,
      state: 'held',
      holder: { ownerToken: 'web-1:1:a:b', host: 'web-1', pid: 1 },
      ttlMs: 10_000,
      nodeCount: 1,
      owners: [{ node: 'a', ownerToken: 'web-1:1:a:b', ttlMs: 10_000 }],
    }));
    return Promise.resolve({ locks, isTruncated: false, nodes: [] });
  }

  forceRelease(): Promise<number> {
    return Promise.resolve(0);
  }
}

describe('viewers of the lock board that connect and read nothing', () => {
  it('are kept one message each, however much changes, and others go on to be told', async () => {
    const nodes = new RestlessNodes();
    const board = new Board(nodes, { clock: systemClock, intervalMs: 10, limit: LOCKS });
    const kept: Socket[] = [];
    const server = createServer((request, response) => {
      if (request.url === '/silent') kept.push(request.socket);
      board.join(response);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const reader = connect(port, '127.0.0.1');
    let read = 0;
    reader.on('data', (chunk) => (read += chunk.length));
    reader.write('GET /reader HTTP/1.1\r\nHost: a\r\n\r\n');
    const viewers = Array.from({ length: VIEWERS }, () => {
      const socket = connect(port, '127.0.0.1');
      socket.pause();
      socket.on('error', () => undefined);
      socket.write('GET /silent HTTP/1.1\r\nHost: a\r\n\r\n');
      return socket;
    });
    const waiting = () => kept.map((socket) => socket.writableLength);
    try {
      // What the kernel takes is no memory of ours.
      await until(
        'the kernel takes no more',
        () => kept.length === VIEWERS && Math.min(...waiting()) > 0,
        45_000,
      );
      const [looksBefore, readBefore] = [nodes.looks, read];
      await until('more has changed', () => nodes.looks > looksBefore + LOOKS_AFTER, 45_000);
      await until('others are told', () => read > readBefore + 3 * LOCKS * BYTES, 45_000);

      // What is gone is told as well, so a message has each name twice.
      expect(Math.max(...waiting())).toBeLessThan(3 * LOCKS * BYTES);
    } finally {
      for (const socket of [reader, ...viewers]) socket.destroy();
      board.close();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
