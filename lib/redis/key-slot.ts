const SLOTS = 16_384;
const CRC16_XMODEM = makeTable();

/** Parts `keys` into groups that a Redis Cluster keeps in one slot each, which one command may use together. */
export function groupBySlot(keys: readonly string[]): string[][] {
  const groups = new Map<number, string[]>();
  for (const key of keys) {
    const slot = keySlot(key);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [key]);
    else group.push(key);
  }
  return [...groups.values()];
}

/** The hash slot of a key, as in the Redis Cluster specification: CRC16 of the hash tag, or of the whole key. */
export function keySlot(key: string): number {
  return slotOf(Buffer.from(hashTag(key)));
}

function slotOf(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc = ((crc << 8) ^ (CRC16_XMODEM[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** What is between the first `{` and the next `}`, unless that is nothing. */
export function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** The smallest number that, as a key, is in `slot`: the same for all processes. */
export function tagOfSlot(slot: number): string {
  // Every slot has one below 110,000, most of them far below.
  for (let number = triedTags; !tags.has(slot); number++) {
    const found = slotOf(Buffer.from(String(number)));
    if (!tags.has(found)) tags.set(found, String(number));
    triedTags = number + 1;
  }
  return tags.get(slot) ?? '';
}

/** What was found on the way to a tag is kept: there is one for each slot. */
const tags = new Map<number, string>();
let triedTags = 0;

function makeTable(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    return crc;
  });
}
