/** Bytes to headers. No bytes make it throw: what is wrong is returned as data, with its offset. */
import { plainBytes } from "../plain-bytes.js";
import type { Fault, PseudoHeader } from "./protocol.js";
import { type Header, type ProtocolName, protocolNamed, protocolNumbered } from "./protocols.js";

export interface DissectedLayer {
  readonly header: Header;
  readonly start: number;
  readonly headerBytes: number;
  /** End of what this layer carries. */
  readonly end: number;
}

export interface Dissection {
  /** Outermost first. */
  readonly layers: readonly DissectedLayer[];
  /** What the innermost layer carries. */
  readonly payload: { readonly start: number; readonly end: number };
  /** Behind the payload, e.g. Ethernet padding. */
  readonly trailerBytes: number;
  readonly faults: readonly Fault[];
}

/** Reads a frame (without FCS) from its outermost layer inwards, as long as layers are known and whole. */
export function dissect(frame: Uint8Array, first: ProtocolName = "ethernet"): Dissection {
  const bytes = plainBytes(frame);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layers: DissectedLayer[] = [];
  const faults: Fault[] = [];
  let protocol: ReturnType<typeof protocolNumbered> = protocolNamed(first);
  let number: number | null = null;
  let pseudoHeader: PseudoHeader | null = null;
  let [start, end] = [0, bytes.length];
  while (protocol !== null) {
    const parsed = protocol.parse({ bytes, view, start, end, pseudoHeader }, number);
    if (parsed.header === null) {
      faults.push(parsed.fault);
      break;
    }
    // The table's types guarantee that a protocol parses to its own header.
    layers.push({ header: parsed.header as Header, start, headerBytes: parsed.headerBytes, end: parsed.end });
    faults.push(...parsed.faults);
    pseudoHeader = protocol.pseudoHeader?.(parsed.header, pseudoHeader) ?? null;
    start += parsed.headerBytes;
    end = parsed.end;
    number = parsed.next?.number ?? null;
    protocol = parsed.next === null ? null : protocolNumbered(parsed.next.space, parsed.next.number);
  }
  return { layers, payload: { start, end }, trailerBytes: bytes.length - end, faults };
}
