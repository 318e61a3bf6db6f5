const SLOTS = 16_384;
const CRC16_XMODEM = makeTable();

/** Groups `keys` by slot. One command may use the keys of one group together in a Redis Cluster. */
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
  return crc16(bytes) % SLOTS;
}

/** @param crc the checksum of the bytes before `bytes` */
function crc16(bytes: Uint8Array, crc = 0): number {
  for (const byte of bytes) {
    crc = ((crc << 8) ^ (CRC16_XMODEM[((crc >> 8) ^ byte) & 0xff] ?? 0)) & 0xffff;
  }
  return crc;
}

/** The text between the first `{` and the next `}`, or the whole key if there is no such text. */
export function hashTag(key: string): string {
  const open = key.indexOf('{');
  const close = open === -1 ? -1 : key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}

/** The smallest number that is in `slot` when it is used as a key. It is the same for all processes. */
export function tagOfSlot(slot: number): string {
  return TAGS.of(slot);
}

/**
 * Makes a name in each slot, the same for all processes: `start` and the smallest number that gives a key of the
 * slot.
 */
export class SlotNames {
  /** The names that were found so far, by slot. */
  private readonly names: (string | undefined)[] = [];
  private readonly crcOfStart: number;
  private tried = 0;

  /** @param start must not have a hash tag, since all keys would be in one slot */
  constructor(private readonly start: string) {
    this.crcOfStart = crc16(Buffer.from(start));
  }

  of(slot: number): string {
    for (;;) {
      const name = this.names[slot];
      if (name !== undefined) return name;
      // Every slot has a number below 200,000, most slots a much smaller one.
      const number = String(this.tried++);
      this.names[crc16(Buffer.from(number), this.crcOfStart) % SLOTS] ??= this.start + number;
    }
  }
}

const TAGS = new SlotNames('');

function makeTable(): Uint16Array {
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    return crc;
  });
}
