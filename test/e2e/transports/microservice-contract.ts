import type { ClientProxy } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { deferred } from '../../helpers/deferred';
import { until } from '../../helpers/until';
import { EVENTS, OrderMessages } from './microservice-controller';
import { describeLockedHandlers, type Transport } from './transport-contract';

export interface MicroserviceTransport extends Omit<Transport, 'ask'> {
  client(): ClientProxy;
  controller(): OrderMessages;
  /** Another client, which the test closes. */
  connect(): Promise<ClientProxy>;
}

/** What holds on every transport of microservices. */
export function describeLockedMessages(transport: MicroserviceTransport): void {
  describe.each(Object.values(EVENTS))('an event to $event', (pattern) => {
    it('is handled under its lock', async () => {
      const handled = firstValueFrom(transport.controller().events);

      transport.client().emit(pattern, { id: 7 });

      await expect(handled).resolves.toEqual({ id: 7, held: ['order:7'], hasLock: true, hasSignal: true });
    });

    it('is not handled while somebody else holds the lock, and does no harm', async () => {
      const seen: unknown[] = [];
      const subscription = transport.controller().events.subscribe((event) => seen.push(event));
      const other = deferred();
      const others = transport.controller().events.subscribe(() => {
        other.resolve();
      });
      await using _lock = await transport.locks().acquire('order:7');

      transport.client().emit(pattern, { id: 7 });
      transport.client().emit(pattern, { id: 8 }); // comes behind it
      await other.promise;

      expect(seen).toEqual([expect.objectContaining({ id: 8 })]);
      subscription.unsubscribe();
      others.unsubscribe();
    });
  });

  describeLockedHandlers({
    ...transport,
    ask: (handler, id) => firstValueFrom(transport.client().send<string>(handler, { id })),
  });

  // No transport of Nest stops a stream for a client that goes.
  it.each(['setUp', 'lockedSetUp'])(
    'keeps the lock of %s, whose client goes before its stream begins, to the end of the stream, and no longer',
    async (handler) => {
      const leaving = await transport.connect();
      const begun = firstValueFrom(transport.controller().setUps);
      const asked = leaving.send(handler, { id: 7 }).subscribe({ error: () => undefined });
      const { ready, more } = await begun;

      asked.unsubscribe();
      await leaving.close();
      await expect(transport.locks().tryAcquire('order:7')).resolves.toBeNull();
      ready();
      await until('the stream is read', () => more.observed);
      await expect(transport.locks().tryAcquire('order:7')).resolves.toBeNull();
      more.complete();

      await (await transport.locks().acquire('order:7')).release();
    },
  );

  it('answers with the status, the code and the message alone', async () => {
    await using _lock = await transport.locks().acquire('order:7');

    await expect(firstValueFrom(transport.client().send('above', { id: '7' }))).rejects.toEqual({
      status: 'error',
      code: 'LOCK_BUSY',
      message: 'The resource is in use. Try again later.',
    });
  });
}
