import { copyIdentity } from '../../../lib/calls/copy-identity';

describe('a wrapper with the identity of a function', () => {
  const original = Object.assign(async function pay(_order: string, _amount: number) {}, { tag: 'mine' });
  Reflect.defineMetadata('route', '/pay', original);
  const wrapper = async (..._args: unknown[]) => {};
  copyIdentity(original, wrapper);

  it('has its name, its length and its own properties', () => {
    expect(wrapper.name).toBe('pay');
    expect(wrapper).toHaveLength(2);
    expect(wrapper).toHaveProperty('tag', 'mine');
  });

  it('has its prototype', () => {
    class Special extends Function {}
    const special = Object.setPrototypeOf(() => undefined, Special.prototype) as object;
    const wrapped = () => undefined;

    copyIdentity(special, wrapped);

    expect(wrapped).toBeInstanceOf(Special);
  });

  it('has its metadata, and keeps to itself what is written to it later', () => {
    Reflect.defineMetadata('guards', ['deny'], wrapper);

    expect(Reflect.getMetadata('route', wrapper)).toBe('/pay');
    expect(Reflect.getMetadata('guards', original)).toBeUndefined();
  });
});
