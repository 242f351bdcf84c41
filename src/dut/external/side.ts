/**
 * What a port is to its neighbours: its addresses with their prefixes (`198.18.0.2/24[,2001:2::2/64]`), and the gateway
 * for other networks (`198.18.0.1[,2001:2::1]`). Pure.
 */
import { usageError } from "../../errors.js";
import { parseIpv4, parseIpv6 } from "../../packet/index.js";

export interface SideAddress {
  readonly text: string;
  readonly ip: 4 | 6;
  readonly bytes: Uint8Array;
  readonly prefixBits: number;
}

/** One port's side of the device under test. */
export interface ExternalSide {
  readonly addresses: readonly SideAddress[];
  /** At most one of each IP version. */
  readonly gateways: readonly Omit<SideAddress, "prefixBits">[];
}

const addressExample = "e.g. 198.18.0.2/24,2001:2::2/64";
const gatewayExample = "e.g. 198.18.0.1,2001:2::1";

const ipOf = (text: string): 4 | 6 => (text.includes(":") ? 6 : 4);
const bytesOf = (text: string, where: string): Uint8Array =>
  ipOf(text) === 6 ? parseIpv6(text, where) : parseIpv4(text, where);
const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

function parseAddress(piece: string, where: string): SideAddress {
  const [text = "", prefix, more] = piece.trim().split("/");
  const bytes = bytesOf(text, where);
  const ip = ipOf(text);
  const most = ip === 4 ? 32 : 128;
  if (prefix === undefined || more !== undefined || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most) {
    throw usageError(`"${piece}" has no length of its network's prefix`, {
      where,
      accepted: `0 to ${most} bits behind a slash, ${addressExample}`,
    });
  }
  if (bytes[0] === (ip === 4 ? 224 : 0xff) || (ip === 4 && bytes[0]! > 224) || bytes.every((byte) => byte === 0)) {
    throw usageError(`${text} is no address that one port can have`, {
      where,
      accepted: `a unicast address, ${addressExample}`,
    });
  }
  return { text, ip, bytes, prefixBits: Number(prefix) };
}

/** Are these addresses in one network with a prefix of this many bits? */
export function sharesPrefix(a: Uint8Array, b: Uint8Array, bits: number): boolean {
  if (a.length !== b.length) return false;
  return a.every((byte, i) => {
    const own = Math.min(8, Math.max(0, bits - 8 * i));
    return ((byte ^ b[i]!) & (0xff << (8 - own)) & 0xff) === 0;
  });
}

function parseGateway(
  piece: string,
  addresses: readonly SideAddress[],
  where: string,
  addressOption: string,
): ExternalSide["gateways"][number] {
  const text = piece.trim();
  const bytes = bytesOf(text, where);
  const ip = ipOf(text);
  const own = addresses.filter((address) => address.ip === ip);
  if (own.length === 0) {
    throw usageError(`${text} is asked for from an address of its IP version, and there is none`, {
      where,
      accepted: `with ${addressOption} as well, ${addressExample}`,
    });
  }
  if (own.some((address) => isSame(address.bytes, bytes))) {
    throw usageError(`${text} is this port's own address`, { where, accepted: "the address of the router" });
  }
  if (!own.some((address) => sharesPrefix(address.bytes, bytes, address.prefixBits))) {
    const networks = own.map(({ text: address, prefixBits }) => `${address}/${prefixBits}`).join(", ");
    throw usageError(`${text} is not in the network of ${networks}`, { where, accepted: "a neighbour's address" });
  }
  return { text, ip, bytes };
}

/** @throws PktgenError (2): no addresses, not unicast, twice; a gateway out of reach. */
export function parseSide(
  addressText: string | undefined,
  gatewayText: string | undefined,
  options: { readonly address: string; readonly gateway: string },
): ExternalSide {
  const addresses = addressText?.split(",").map((piece) => parseAddress(piece, options.address)) ?? [];
  const gateways =
    gatewayText?.split(",").map((piece) => parseGateway(piece, addresses, options.gateway, options.address)) ?? [];
  refuseTwice(addresses, options.address);
  const double = gateways.find(({ ip }, i) => gateways.findIndex((other) => other.ip === ip) !== i);
  if (double !== undefined) {
    const what = `there are two gateways of IP version ${double.ip}`;
    throw usageError(what, { where: options.gateway, accepted: `one of each, ${gatewayExample}` });
  }
  return { addresses, gateways };
}

/** No two ports may have the same address. */
export function refuseTwice(addresses: readonly SideAddress[], where: string): void {
  const twice = addresses.find(({ bytes }, i) => addresses.findIndex((other) => isSame(other.bytes, bytes)) !== i);
  if (twice !== undefined) throw usageError(`${twice.text} is given twice`, { where, accepted: "each address once" });
}
