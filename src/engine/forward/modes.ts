/** What testpmd's forwarding modes do to a frame's first bytes, and the frame that its txonly mode sends. */
import type { RingMemory } from "../../memory.js";

export const forwardModes = ["io", "mac", "macswap", "rxonly", "txonly"] as const;

/**
 * io: frames stay as they are. mac: the destination becomes the peer's MAC and the source the sending port's. macswap:
 * both are swapped. rxonly: frames are counted and discarded. txonly: one fixed frame is sent as fast as the ring takes
 * it.
 */
export type ForwardMode = (typeof forwardModes)[number];

export const isForwardMode = (value: unknown): value is ForwardMode => forwardModes.some((mode) => mode === value);

/** Six bytes of a MAC address. */
export type MacBytes = readonly number[];

/** testpmd's `--eth-peer` default of port `port`: 02:00:00:00:00:<port>. */
export const defaultPeerMac = (port: number): MacBytes => [0x02, 0, 0, 0, 0, port];

/** The MAC address that DPDK's net_vhost gives port `port`: 56:48:4f:53:54:<port>, "VHOST". */
export const vhostPortMac = (port: number): MacBytes => [0x56, 0x48, 0x4f, 0x53, 0x54, port];

/** How a queue path touches frames, as numbers for the loop. */
export const rewriting = { none: 0, set: 1, swap: 2 } as const;

/** Destination and source as three little-endian words, ready to be stored over a frame's first 12 bytes. */
export function addressWords(destination: MacBytes, source: MacBytes): Uint32Array {
  return new Uint32Array(Uint8Array.from([...destination, ...source]).buffer);
}

/** Writes both addresses. A runt without them stays as it is. */
export function setAddresses(memory: RingMemory, offset: number, bytes: number, words: Uint32Array): void {
  if (bytes < 12) return;
  const { view } = memory;
  view.setUint32(offset, words[0]!, true);
  view.setUint32(offset + 4, words[1]!, true);
  view.setUint32(offset + 8, words[2]!, true);
}

export function swapAddresses(memory: RingMemory, offset: number, bytes: number): void {
  if (bytes < 12) return;
  const { view } = memory;
  const destination32 = view.getUint32(offset, true);
  const destination16 = view.getUint16(offset + 4, true);
  view.setUint32(offset, view.getUint32(offset + 6, true), true);
  view.setUint16(offset + 4, view.getUint16(offset + 10, true), true);
  view.setUint32(offset + 6, destination32, true);
  view.setUint16(offset + 10, destination16, true);
}

/**
 * txonly's frame: 64 bytes in the ring, UDP 198.18.0.1:9 → 198.18.0.2:9 (RFC 2544 addresses), TTL 64, no UDP
 * checksum, zeros after the headers (testpmd leaves what the buffer held).
 */
export function txonlyFrame(destination: MacBytes, source: MacBytes): Uint8Array {
  const frame = new Uint8Array(64);
  frame.set([...destination, ...source, 0x08, 0x00]);
  frame.set([0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0xee, 0x93, 198, 18, 0, 1, 198, 18, 0, 2], 14);
  frame.set([0, 9, 0, 9, 0, 30, 0, 0], 34);
  return frame;
}
