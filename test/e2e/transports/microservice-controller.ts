import { Controller, ParseIntPipe, UseGuards, UseInterceptors } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { startWith, Subject } from 'rxjs';
import { CurrentLock, LockInterceptor, Locked, LockService, LockSignal, type Lock } from '../../../lib';
import { answerOf, Deny, Wrap } from './transport-contract';

const NOW = { wait: 0 };

export const EVENTS = {
  above: { event: 'above' },
  below: { event: 'below' },
  interceptor: { event: 'interceptor' },
};

/** The controller that every transport of microservices is tested with. */
@Controller()
export class OrderMessages {
  /** What the event handlers came to. */
  readonly events = new Subject<unknown>();

  constructor(private readonly locks: LockService) {}

  @MessagePattern('above')
  @UseInterceptors(Wrap)
  @Locked('order:<0>', NOW)
  async above(
    @Payload('id', ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @Locked('order:<0>', NOW)
  @UseInterceptors(Wrap)
  @MessagePattern('below')
  async below(
    @Payload('id', ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return Promise.resolve(answerOf(this.locks, id, lock, signal));
  }

  @UseInterceptors(LockInterceptor('order:<0.id>', NOW), Wrap)
  @MessagePattern('interceptorAbove')
  interceptorAbove(
    @Payload('id', ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return answerOf(this.locks, id, lock, signal);
  }

  @MessagePattern('interceptorBelow')
  @UseInterceptors(LockInterceptor('order:<0.id>', NOW), Wrap)
  interceptorBelow(
    @Payload('id', ParseIntPipe) id: number,
    @CurrentLock() lock: Lock,
    @LockSignal() signal: AbortSignal,
  ) {
    return answerOf(this.locks, id, lock, signal);
  }

  @MessagePattern('guardAbove')
  @UseGuards(Deny)
  @Locked('guarded', NOW)
  async guardAbove() {
    return Promise.resolve('ran');
  }

  @Locked('guarded', NOW)
  @UseGuards(Deny)
  @MessagePattern('guardBelow')
  async guardBelow() {
    return Promise.resolve('ran');
  }

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
