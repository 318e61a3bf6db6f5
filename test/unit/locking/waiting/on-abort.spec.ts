import { getEventListeners } from 'node:events';
import { onAbort } from '../../../../lib/locking/waiting/on-abort';

describe('those who listen to one signal', () => {
  it('share a listener, each hears of it once, and nothing stays', () => {
    const controller = new AbortController();
    const heard: number[] = [];
    for (let i = 0; i < 20; i++) onAbort(controller.signal, () => heard.push(i));

    const listeners = getEventListeners(controller.signal, 'abort').length;
    controller.abort();
    controller.abort();

    expect(listeners).toBe(1);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('stop by themselves, and the last one takes the listener along', () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const stops = ['anna', 'ben', 'eva'].map((name) => onAbort(controller.signal, () => heard.push(name)));

    stops[0]?.();
    const afterOne = getEventListeners(controller.signal, 'abort').length;
    stops[1]?.();
    stops[2]?.();
    const afterAll = getEventListeners(controller.signal, 'abort').length;
    onAbort(controller.signal, () => heard.push('ida'));
    stops[2]?.();
    controller.abort();

    expect([afterOne, afterAll]).toEqual([1, 0]);
    expect(heard).toEqual(['ida']);
  });
});
