/**
 * Receive-side scaling: the queue that a network card chooses for a packet. It is the Toeplitz hash with Microsoft's
 * key, the default of most drivers of DPDK and Linux, over addresses and ports in network order. A table of 128
 * entries, filled with the queues in turn, maps it to a queue. Verification of the hash:
 * https://learn.microsoft.com/windows-hardware/drivers/network/verifying-the-rss-hash-calculation
 */
const keyHex = "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa";
export const microsoftRssKey: Uint8Array = Uint8Array.from(keyHex.match(/../g)!, (pair) => Number.parseInt(pair, 16));

export const rssTableEntries = 128;

/** The assumption, for people. */
export const rssInWords = "Toeplitz with Microsoft's key over addresses and ports, 128 entries filled in turn";

/**
 * The 32 bits of the hash: for each 1 in the input, the 32 bits of the key that begin at that place, all of them xored.
 */
export function toeplitz(input: Uint8Array, key: Uint8Array = microsoftRssKey): number {
  let hash = 0;
  for (let bit = 0; bit < input.length * 8; bit++) {
    if ((input[bit >> 3] & (0x80 >> (bit & 7))) !== 0) hash ^= keyBits(key, bit);
  }
  return hash >>> 0;
}

/** 32 bits of the key from bit `from` on. Behind the key's end are zeros. */
function keyBits(key: Uint8Array, from: number): number {
  const at = from >> 3;
  const byte = (i: number): number => key[at + i] ?? 0;
  const word = (byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3);
  const shift = from & 7;
  return shift === 0 ? word : (word << shift) | (byte(4) >> (8 - shift));
}

/** Source and destination address (4 or 16 bytes each) and ports, as a packet carries them. */
export interface RssTuple {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly srcPort: number;
  readonly dstPort: number;
}

export function rssHash({ src, dst, srcPort, dstPort }: RssTuple): number {
  const ports = [srcPort >> 8, srcPort & 0xff, dstPort >> 8, dstPort & 0xff];
  return toeplitz(Uint8Array.from([...src, ...dst, ...ports]));
}

/** The queue, of `queues`, that a card with the assumed table chooses for this packet. */
export const rssQueue = (tuple: RssTuple, queues: number): number => (rssHash(tuple) % rssTableEntries) % queues;
