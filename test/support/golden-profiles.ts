/**
 * The golden captures of the shipped profiles: what they hold, and what others must see in them.
 */

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type CapturedFrame, writeCapture } from "../../src/pcap/index.js";
import { loadAnyProfile } from "../../src/profile/index.js";
import { LoadedPrograms, programUrls } from "../../src/program/load-program.js";
import { departureSchedule, fixedTrial, type Stamp, type TrafficSpec } from "../../src/stream/index.js";
import type { EachFrame } from "../../src/stream/program/frame.js";
import type { FrameSize } from "../../src/units.js";
import { plain } from "./plain.js";

const folder = fileURLToPath(new URL("../../profiles/", import.meta.url));

export interface ShippedProfile {
  readonly name: string;
  readonly spec: TrafficSpec;
  /** Of streams that are programs. */
  readonly programs: readonly (EachFrame | null)[];
}

async function shippedProfile(file: string): Promise<ShippedProfile> {
  const { stream, traffic } = await loadAnyProfile(`${folder}${file}`);
  const spec = traffic ?? plain(stream);
  const loaded = new LoadedPrograms();
  await loaded.load(programUrls(spec));
  return { name: file.replace(/\.(yaml|ts)$/, ""), spec, programs: loaded.of(spec) };
}

/** Every traffic profile, plain ones as one stream. */
export const profiles: readonly ShippedProfile[] = await Promise.all(
  readdirSync(folder)
    .filter((file) => /\.(yaml|ts)$/.test(file))
    .sort()
    .map(shippedProfile),
);

export type MakeStreamFrame = (
  spec: TrafficSpec,
  size: FrameSize,
  stream: number,
  index: number,
  stamp: Stamp,
) => Uint8Array;

/** Of each stream in each trial. */
const framesEach = 4;

/** Which stream each frame of a capture is of: trial by trial, stream by stream. */
export const streamsInCapture = ({ streams, sizes }: TrafficSpec): readonly number[] =>
  sizes.flatMap(() => streams.flatMap((_, stream) => new Array<number>(framesEach).fill(stream)));

/** Frames 0 to 3 of each stream, trial by trial, at 1 Mpps from 2023-11-14 22:13:20 UTC on. */
export function profileCapture(spec: TrafficSpec, makeFrame: MakeStreamFrame): Uint8Array {
  const schedule = departureSchedule(1_000_000, 0);
  const frames: CapturedFrame[] = [];
  for (const [trial, size] of spec.sizes.entries()) {
    for (const stream of spec.streams.keys()) {
      for (let index = 0; index < framesEach; index++) {
        const timeNs = schedule.intendedNs(frames.length);
        const bytes = makeFrame(spec, size, stream, index, {
          trial: fixedTrial(trial + 1),
          stream,
          sequence: index,
          timeNs,
        });
        frames.push({ seconds: 1_700_000_000, nanoseconds: timeNs, originalBytes: bytes.length, bytes });
      }
    }
  }
  return writeCapture(frames);
}

/** Per profile and stream, what tshark's frame.protocols says behind eth:ethertype. All others are `ip:udp:data`. */
export const tsharkLayers: Readonly<Record<string, readonly string[]>> = {
  "dns-like": ["ip:udp:dns"],
  // The last one is where tshark puts them together.
  fragments: ["ip:data", "ip:udp:data"],
  geneve: ["ip:udp:geneve:eth:ethertype:ip:udp:data"],
  gre: ["ip:gre:ip:udp:data"],
  gtpu: ["ip:udp:gtp:ip:udp:data"],
  "ip-in-ip": ["ip:ip:udp:data", "ip:ipv6:udp:data", "ipv6:ip:udp:data"],
  ipv6: ["ipv6:udp:data"],
  "ipv6-extensions": ["ipv6:ipv6.hopopts:ipv6.dstopts:udp:data", "ipv6:ipv6.routing:udp:data"],
  mpls: ["mpls:ip:udp:data"],
  multicast: ["ip:igmp:igmp", "ip:udp:data"],
  neighbours: ["arp", "ipv6:icmpv6"],
  ping: ["ip:icmp:data", "ipv6:icmpv6:data"],
  pppoe: ["pppoes:ppp:ip:udp:data"],
  qinq: ["ieee8021ad:ethertype:vlan:ethertype:ip:udp:data"],
  // Its data is shown once: the next trial sends the same numbers again.
  sctp: ["ip:sctp"],
  "tcp-syn": ["ip:tcp"],
  vlan: ["vlan:ethertype:ip:udp:data"],
  vxlan: ["ip:udp:vxlan:eth:ethertype:ip:udp:data"],
};
