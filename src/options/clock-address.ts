/** Where an agent compares clocks with others, as people write it: `192.0.2.1`, `192.0.2.1:9000`, `[2001:2::1]:9000`. */
import { usageError } from "../errors.js";
import { parseIpv4, parseIpv6 } from "../packet/address.js";

export interface ClockAddress {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** 0: any. */
  readonly port: number;
  /** The address as it was written. */
  readonly text: string;
}

/** @throws PktgenError (2) */
export function parseClockAddress(text: string, where: string): ClockAddress {
  const match = /^\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9.]+)(?::(\d{1,5}))?$/.exec(text) ?? [text, text];
  const [, address = text, port = "0"] = match;
  if (Number(port) > 65_535 || !/^[0-9A-Fa-f:.]+$/.test(address)) {
    const accepted =
      "an address of this host, with a port or without, e.g. 192.0.2.7, 192.0.2.7:9000, [2001:2::7]:9000";
    throw usageError(`"${text}" is no place for a socket`, { where, accepted });
  }
  const bytes = address.includes(":") ? parseIpv6(address, where) : parseIpv4(address, where);
  return { address: Uint8Array.from(bytes), port: Number(port), text: address };
}
