/**
 * Addresses: text ⇄ bytes, strict in what is read and canonical in what is printed (IPv6: RFC 5952). Each kind is a
 * byte array with a brand, so that only checked text or checked bytes become an address.
 */
import { usageError } from "../errors.js";

declare const kind: unique symbol;
export type MacAddress = Uint8Array & { readonly [kind]: "mac" };
export type Ipv4Address = Uint8Array & { readonly [kind]: "ipv4" };
export type Ipv6Address = Uint8Array & { readonly [kind]: "ipv6" };

const hexByte = /^[0-9a-fA-F]{2}$/;
const decimalByte = /^(0|[1-9]\d{0,2})$/;
const hexGroup = /^[0-9a-fA-F]{1,4}$/;

/** Six pairs of hex digits with colons, or with hyphens. */
export function parseMac(text: string, where?: string): MacAddress {
  const parts = text.split(text.includes("-") ? "-" : ":");
  if (parts.length !== 6 || !parts.every((part) => hexByte.test(part))) {
    throw badAddress(text, "MAC address", "six pairs of hex digits, e.g. 00:11:22:33:44:10", where);
  }
  return Uint8Array.from(parts, (part) => Number.parseInt(part, 16)) as MacAddress;
}

/** Four decimal bytes without leading zeros. */
export function parseIpv4(text: string, where?: string): Ipv4Address {
  const bytes = ipv4Bytes(text);
  if (bytes === null) throw badAddress(text, "IPv4 address", "four decimal bytes, e.g. 198.18.0.1", where);
  return Uint8Array.from(bytes) as Ipv4Address;
}

/** RFC 4291 §2.2, forms 1 to 3; no zone. */
export function parseIpv6(text: string, where?: string): Ipv6Address {
  const groups = ipv6Groups(text);
  if (groups === null) throw badAddress(text, "IPv6 address", "RFC 4291 text without a zone, e.g. 2001:2::1", where);
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])) as Ipv6Address;
}

/** Copies the bytes out of a frame. */
export const macFrom = (bytes: Uint8Array, offset: number): MacAddress => bytes.slice(offset, offset + 6) as MacAddress;
export const ipv4From = (bytes: Uint8Array, offset: number): Ipv4Address =>
  bytes.slice(offset, offset + 4) as Ipv4Address;
export const ipv6From = (bytes: Uint8Array, offset: number): Ipv6Address =>
  bytes.slice(offset, offset + 16) as Ipv6Address;

export const formatMac = (mac: MacAddress): string => Array.from(mac, (byte) => hex(byte, 2)).join(":");

export const formatIpv4 = (address: Ipv4Address): string => address.join(".");

/** RFC 5952 §4: lower case, no leading zeros, the longest run (≥ 2, the first of equals) of zero groups as `::`. */
export function formatIpv6(address: Ipv6Address): string {
  const groups = Array.from({ length: 8 }, (_, i) => (address[2 * i] << 8) | address[2 * i + 1]);
  const print = (part: readonly number[]): string => part.map((group) => hex(group, 1)).join(":");
  const run = longestZeroRun(groups);
  if (run.length < 2) return print(groups);
  return `${print(groups.slice(0, run.start))}::${print(groups.slice(run.start + run.length))}`;
}

/** The IP address so many places behind this one. */
export function countedUp(text: string, by: number): string {
  const ip = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  let carry = by;
  for (let i = ip.length - 1; i >= 0 && carry > 0; i--) {
    const sum = ip[i] + carry;
    ip[i] = sum & 0xff;
    carry = Math.floor(sum / 256);
  }
  return ip.length === 4 ? formatIpv4(ip as Ipv4Address) : formatIpv6(ip as Ipv6Address);
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

function badAddress(text: string, what: string, accepted: string, where: string | undefined): Error {
  return usageError(`"${text}" is not ${what.startsWith("I") ? "an" : "a"} ${what}`, {
    accepted,
    ...(where === undefined ? {} : { where }),
  });
}

function ipv4Bytes(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => decimalByte.test(part) && Number(part) < 256)) return null;
  return parts.map(Number);
}

function ipv6Groups(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = [halves[0], halves[1]].map((half) => (half ? groupsOf(half) : []));
  if (head === null || tail === null || (halves.length === 2 && halves[0].includes("."))) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  // RFC 5952 §4.2.2 would not shorten a single group, but RFC 4291 allows `::` to stand for one.
  const zeros = 8 - head.length - tail.length;
  return zeros < 1 ? null : [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

/** Colon-separated groups; the last may be a dotted IPv4 address, which is two. */
function groupsOf(text: string): number[] | null {
  const parts = text.split(":");
  const dotted = parts.at(-1)!.includes(".") ? ipv4Bytes(parts.pop()!) : [];
  if (dotted === null || !parts.every((part) => hexGroup.test(part))) return null;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  return dotted.length === 0 ? groups : [...groups, (dotted[0] << 8) | dotted[1], (dotted[2] << 8) | dotted[3]];
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (end < groups.length && groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}
