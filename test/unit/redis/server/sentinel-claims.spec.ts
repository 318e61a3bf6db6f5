import { SentinelClaims } from '../../../../lib/redis/server/sentinel-claims';

const OLD = { host: '10.0.0.1', port: 6379 };
const NEW = { host: '10.0.0.2', port: 6379 };

/** Three Sentinels that named the old master, of which the last has gone away. */
function oneAway(): SentinelClaims {
  const claims = new SentinelClaims(3);
  for (const sentinel of [0, 1, 2]) claims.note(sentinel, { master: OLD, epoch: 5 });
  claims.goAway(2, 0);
  return claims;
}

describe('a Sentinel that is away', () => {
  it('is forgotten when a majority of the Sentinels count from the beginning again', () => {
    const claims = oneAway();

    claims.note(0, { master: NEW, epoch: 0 });
    // An operator removes the group before it is named anew.
    claims.note(1, undefined);
    claims.note(1, { master: NEW, epoch: 0 });

    expect(claims.newest(1)).toEqual([NEW, NEW]);
  });

  it('is forgotten too if a failover comes between the answers of the others', () => {
    const claims = oneAway();

    claims.note(0, { master: OLD, epoch: 0 });
    claims.note(0, { master: NEW, epoch: 1 });
    claims.note(1, { master: NEW, epoch: 1 });

    expect(claims.newest(1)).toEqual([NEW, NEW]);
  });

  it('is believed while only one of three has lost its state', () => {
    const claims = oneAway();

    claims.note(0, { master: NEW, epoch: 0 });

    expect(claims.newest(1)).toEqual([OLD, OLD]);
  });

  it('is believed if one that had lost its state has learned the epoch of the others', () => {
    const claims = oneAway();

    claims.note(0, { master: NEW, epoch: 0 });
    claims.note(0, { master: OLD, epoch: 5 });
    claims.note(1, { master: NEW, epoch: 0 });

    expect(claims.newest(1)).toEqual([OLD, OLD]);
  });

  it('is believed, though the others answer, if these have not begun anew', () => {
    const claims = new SentinelClaims(3);
    for (const sentinel of [0, 1]) claims.note(sentinel, { master: OLD, epoch: 5 });
    claims.note(2, { master: NEW, epoch: 6 });
    claims.goAway(2, 0);

    for (const sentinel of [0, 1]) claims.note(sentinel, { master: OLD, epoch: 5 });

    expect(claims.newest(1)).toEqual([NEW]);
  });
});
