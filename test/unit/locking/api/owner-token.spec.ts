import { describeOwner, ownerTokenFactory } from '../../../../lib/locking/api/owner-token';
import { systemRandomness } from '../../../../lib/system/system-randomness';

const SECRET = 'AbCdEfGhIjKlMnOpQrStU_-';
const newToken = (host: string) => ownerTokenFactory({ host, pid: 42, serviceId: 'x-_1' }, () => SECRET)();

describe('an owner token', () => {
  it('is host, process, service and secret', () => {
    expect(newToken('web-1.internal')).toBe(`web-1.internal:42:x-_1:${SECRET}`);
  });

  it.each([
    ['fe80::1%eth0', 'fe80--1-eth0'],
    ['a:b c\n', 'a-b-c-'],
    ['höst', 'h-st'],
    ['h'.repeat(300), 'h'.repeat(48)],
  ])('of the host %j can be read back', (host, shown) => {
    expect(describeOwner(newToken(host))).toEqual({
      ownerToken: newToken(host),
      host: shown,
      pid: 42,
      serviceId: 'x-_1',
    });
  });

  it.each(['import 17', 'a:b', "it's (100%) *new*~!", 'é 日 😀', 'x'.repeat(96), '+', '%41'])(
    'carries the label %j, and stays below the 200 characters that a denial tells of it',
    (label) => {
      const identity = { host: 'h'.repeat(300), pid: 4_294_967_295, serviceId: 'x-_1' };
      const token = ownerTokenFactory(identity, systemRandomness.secret)(label);

      expect(describeOwner(token)).toMatchObject({ label, pid: 4_294_967_295, serviceId: 'x-_1' });
      expect(token).toMatch(/^[\w.:%+-]{1,199}$/);
    },
  );

  it('is readable with its label where it is kept', () => {
    const token = ownerTokenFactory({ host: 'h', pid: 1, serviceId: 's' }, () => SECRET)('import 17');

    expect(token).toBe(`h:1:s:import+17:${SECRET}`);
  });

  it.each(['%1B[31m', '%E2%80%AE', '%', '%FF', '%0A', 'x'.repeat(97)])(
    'that somebody made with the label %j shows none',
    (label) => {
      const shown = describeOwner(`h:1:s:${label}:${SECRET}`);

      expect(shown.label).toBeUndefined();
    },
  );

  it('has a new secret of at least 128 random bits every time', () => {
    const next = ownerTokenFactory({ host: 'h', pid: 1, serviceId: 's' }, systemRandomness.secret);

    const secrets = Array.from({ length: 2_000 }, () => next().split(':')[3] ?? '');

    expect(new Set(secrets).size).toBe(2_000);
    for (const secret of secrets) expect(Buffer.from(secret, 'base64url')).toHaveLength(16);
  });

  it.each([
    ['4b1c2d3e5f60718293a4b5c6d7e8f901'],
    ['a:b:c'],
    [`host:pid:x:${SECRET}`],
    [`host:1:x:short`],
    [''],
    [`host:1:x:${SECRET}:more`],
  ])('of another library, %j, tells only itself', (ownerToken) => {
    expect(describeOwner(ownerToken)).toEqual({ ownerToken });
  });
});
