import { Controller, ParseIntPipe, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { startWith, Subject } from 'rxjs';
import { CurrentLock, LockInterceptor, Locked, type Lock } from '../../../lib';
import { lockedHandlers, NOW } from './locked-handlers';
import { answerOf } from './transport-contract';

export const EVENTS = {
  above: { event: 'above' },
  below: { event: 'below' },
  interceptor: { event: 'interceptor' },
};

const handlers = lockedHandlers({
  handler: (name) => MessagePattern(name),
  id: Payload('id', ParseIntPipe),
  key: 'order:<0.id>',
});

/** The controller that every transport of microservices is tested with. */
@Controller()
export class OrderMessages extends handlers {
  /** What the event handlers came to. */
  readonly events = new Subject<unknown>();

  /** Takes its time before there is a stream, which goes on for as long as `more` has not come. */
  @MessagePattern('setUp')
  @UseInterceptors(LockInterceptor('order:<0.id>', NOW))
  async setUp() {
    return this.prepare();
  }

  @MessagePattern('lockedSetUp')
  @Locked('order:7', { ...NOW, ttl: 60_000 })
  async lockedSetUp() {
    return this.prepare();
  }

  readonly setUps = new Subject<{ ready: () => void; more: Subject<string> }>();

  private async prepare() {
    const more = new Subject<string>();
    await new Promise<void>((ready) => {
      this.setUps.next({ ready, more });
    });
    return more.pipe(startWith('first'));
  }

  @EventPattern(EVENTS.above)
  @Locked('order:<0.id>', { ...NOW, onBusy: 'skip' })
  async eventAbove(@Payload() { id }: { id: number }, @CurrentLock() lock?: Lock): Promise<void> {
    this.events.next(answerOf(this.locks, id, lock, lock?.signal));
    return Promise.resolve();
  }

  @Locked('order:<0.id>', { ...NOW, onBusy: 'skip' })
  @EventPattern(EVENTS.below)
  async eventBelow(@Payload() { id }: { id: number }, @CurrentLock() lock?: Lock): Promise<void> {
    this.events.next(answerOf(this.locks, id, lock, lock?.signal));
    return Promise.resolve();
  }

  @EventPattern(EVENTS.interceptor)
  @UseInterceptors(LockInterceptor('order:<0.id>', NOW))
  eventInterceptor(@Payload() { id }: { id: number }, @CurrentLock() lock?: Lock): void {
    this.events.next(answerOf(this.locks, id, lock, lock?.signal));
  }
}
