/**
 * Golden frames: bytes made by an independent tool (vectors.py with scapy 2.5.0 wrote vectors.json), and the layers of
 * ours that must build them (in vectors/).
 */
import { readFileSync } from "node:fs";
import type { Header } from "../../src/packet/index.js";
import { links, neighbours } from "./vectors/links.js";
import { networks, transports } from "./vectors/networks.js";
import { tunnels } from "./vectors/tunnels.js";

export interface Vector {
  readonly name: string;
  readonly hex: string;
  readonly layers: readonly Header[];
  /** Bytes 00 01 02 … behind the headers. */
  readonly payloadBytes: number;
  /** Layers as tshark's frame.protocols has them, without eth:ethertype at the front; null: it says nothing of use. */
  readonly tshark: string | null;
}

const hexes = JSON.parse(readFileSync(new URL("./vectors.json", import.meta.url), "utf8")) as Record<string, string>;

export const vectors: readonly Vector[] = [...neighbours, ...links, ...networks, ...transports, ...tunnels].map(
  ([name, layers, payloadBytes, tshark]) => ({ name, hex: hexes[name], layers, payloadBytes, tshark }),
);
