/**
 * Addresses that streams leave to the run. A header without a given address has the address of the plan's frame. A run
 * that knows a better one (a gateway's MAC address, addresses of its ports) fills it in. What a stream says itself
 * stays.
 */
import {
  type EthernetHeader,
  fieldPlace,
  type Header,
  type Ipv4Header,
  type Ipv6Header,
  isUnsaid,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "../../packet/index.js";
import { pinStream } from "./pin.js";
import { type TrafficSpec, type TrafficStream, withStreams } from "./traffic.js";

/** Addresses that a run knows, as text; null: unknown, and the stream's own stays. */
export interface RunAddresses {
  /** By the IP version inside the frames; `other`: no IP. */
  readonly srcMac: Readonly<Record<4 | 6 | "other", string | null>>;
  readonly dstMac: Readonly<Record<4 | 6 | "other", string | null>>;
  readonly src: Readonly<Record<4 | 6, string | null>>;
  readonly dst: Readonly<Record<4 | 6, string | null>>;
}

/** `open`: the run may say it; `own`: the stream says it; `none`: its frames have no such header. */
export type AddressState = "open" | "own" | "none";

/** The addresses of a stream's outermost headers. */
export interface StreamAddresses {
  /** IP version of the outermost IP header; null: there is none. */
  readonly ip: 4 | 6 | null;
  readonly srcMac: AddressState;
  readonly dstMac: AddressState;
  readonly src: AddressState;
  readonly dst: AddressState;
}

type IpHeader = Ipv4Header | Ipv6Header;

const isIp = (header: Header): header is IpHeader => header.protocol === "ipv4" || header.protocol === "ipv6";
const versionOf = (header: IpHeader | undefined): 4 | 6 | null =>
  header === undefined ? null : header.protocol === "ipv4" ? 4 : 6;

/** The first IP header that is not inside another frame; −1: there is none. */
function outerIp(layers: readonly Header[]): number {
  const inside = layers.findIndex(({ protocol }, i) => i > 0 && protocol === "ethernet");
  return layers.slice(0, inside < 0 ? layers.length : inside).findIndex(isIp);
}

export function addressesOf(stream: TrafficStream): StreamAddresses {
  const { layers } = stream;
  const ip = outerIp(layers);
  const first = layers[0]?.protocol === "ethernet" ? 0 : -1;
  const stateOf = (layer: number, name: "src" | "dst"): AddressState => {
    if (layer < 0) return "none";
    const header = layers[layer] as EthernetHeader | IpHeader;
    return isUnsaid(header[name]) && !isChanged(stream, layer, name) ? "open" : "own";
  };
  return {
    ip: ip < 0 ? null : versionOf(layers[ip] as IpHeader),
    srcMac: stateOf(first, "src"),
    dstMac: stateOf(first, "dst"),
    src: stateOf(ip, "src"),
    dst: stateOf(ip, "dst"),
  };
}

/** Does a change of the stream set the whole field from frame to frame? */
const isChanged = ({ layers, fields }: TrafficStream, layer: number, name: string): boolean =>
  fields.some(({ target }) => {
    if (!("field" in target)) return false;
    const place = fieldPlace(layers, target.field);
    return place.layer === layer && place.name === name;
  });

/** The spec with every address filled in that a stream leaves open and the run knows. */
export const addressStreams = (spec: TrafficSpec, addresses: RunAddresses): TrafficSpec =>
  withStreams(
    spec,
    spec.streams.map((stream) => addressStream(stream, addresses)),
  );

function addressStream(stream: TrafficStream, addresses: RunAddresses): TrafficStream {
  const states = addressesOf(stream);
  const given = <K extends "src" | "dst">(state: AddressState, name: K, parse: () => object | null) => {
    const value = state === "open" ? parse() : null;
    return value === null ? {} : { [name]: value };
  };
  const mac = (text: string | null) => (text === null ? null : parseMac(text));
  const ethernet = {
    ...given(states.srcMac, "src", () => mac(addresses.srcMac[states.ip ?? "other"])),
    ...given(states.dstMac, "dst", () => mac(addresses.dstMac[states.ip ?? "other"])),
  };
  const { ip } = states;
  const address = (text: string | null) => (text === null ? null : ip === 4 ? parseIpv4(text) : parseIpv6(text));
  const own =
    ip === null
      ? {}
      : {
          ...given(states.src, "src", () => address(addresses.src[ip])),
          ...given(states.dst, "dst", () => address(addresses.dst[ip])),
        };
  if (Object.keys(ethernet).length + Object.keys(own).length === 0) return stream;
  const { pinned } = stream;
  const before = pinned === undefined ? stream : { ...stream, ...pinned.before };
  const at = outerIp(before.layers);
  const layers = before.layers.map((header, i): Header => {
    if (i === 0) return { ...header, ...ethernet } as Header;
    return i === at ? ({ ...header, ...own } as Header) : header;
  });
  const { pinned: _, ...filled } = { ...before, layers };
  // Ports that were chosen for other addresses suit another queue.
  return pinned === undefined ? filled : pinStream(filled, pinned.pin);
}
