/**
 * Compares the options that give addresses with traffic that may set addresses itself. An option that no frame takes is
 * refused. One that only some frames take is noted, so that none is ignored in silence. Pure.
 */
import { usageError } from "../errors.js";
import type { DutChoice } from "../measure/plan.js";
import { type AddressState, addressesOf, type StreamAddresses } from "../stream/spec/addressing.js";
import type { PlainTraffic, TrafficSpec } from "../stream/spec/traffic.js";

/** What the options say, in addition to the sides that `dut` has. */
export interface AddressOptions {
  readonly dstMac: string | undefined;
  readonly srcMac: string | undefined;
  readonly bidirectional: boolean;
}

type Place = Exclude<keyof StreamAddresses, "ip">;

/** A stream, or plain traffic, as far as its addresses go. */
interface Sender extends StreamAddresses {
  /** As a sentence begins with it: `stream "a"`, `the profile`. */
  readonly who: string;
  /** As the profile calls the address. */
  readonly nameOf: (place: Place) => string;
}

function sendersOf(dut: DutChoice, traffic: TrafficSpec): readonly Sender[] {
  if (traffic.plain !== undefined) return [plainSender(dut, traffic.plain)];
  return traffic.streams.map((stream): Sender => {
    const states = addressesOf(stream);
    const ip = `ipv${states.ip ?? 4}`;
    const names = { srcMac: "ethernet.src", dstMac: "ethernet.dst", src: `${ip}.src`, dst: `${ip}.dst` };
    return { ...states, who: `stream "${stream.name}"`, nameOf: (place) => names[place] };
  });
}

function plainSender(dut: DutChoice, { ip }: PlainTraffic): Sender {
  const keeps = dut.kind === "external" ? dut.keeps : null;
  const state = (kept: boolean | undefined): AddressState => (kept === true ? "own" : "open");
  const names = { srcMac: "ethernet.src", dstMac: "ethernet.dst", src: "ip.src", dst: "ip.dst" };
  return {
    ip,
    who: "the profile",
    nameOf: (place) => names[place],
    srcMac: "open",
    dstMac: "open",
    src: state(keeps?.srcAddress),
    dst: state(keeps?.dstAddress),
  };
}

/** `stream "a" sets`, `3 of 20 streams set`. */
function setsWords(own: readonly Sender[], all: readonly Sender[]): string {
  return own.length === 1 ? `${own[0]!.who} sets` : `${own.length} of ${all.length} streams set`;
}

const namesOf = (own: readonly Sender[], place: Place): string =>
  [...new Set(own.map(({ nameOf }) => nameOf(place)))].join(" or ");

/** An address that is only good for frames: `text` is useless where every stream sets its own. */
function refuseOrNote(all: readonly Sender[], place: Place, option: string, text: string): readonly string[] {
  const others = all.filter((sender) => sender[place] !== "open");
  if (others.length === 0) return [];
  const own = others.filter((sender) => sender[place] === "own");
  if (others.length === all.length) {
    const what =
      own.length === 0 ? "no stream has an Ethernet header" : `every stream sets ${namesOf(own, place)} itself`;
    throw usageError(`${what}, so that no frame has ${text} there`, {
      where: option,
      accepted: `streams that leave ${all[0]!.nameOf(place)} out, or no ${option}`,
    });
  }
  if (own.length === 0) return [];
  return [`${setsWords(own, all)} ${namesOf(own, place)} itself, not ${option} ${text}`];
}

/** Addresses of a port, which it answers for whatever its frames have. */
function noteAddresses(
  all: readonly Sender[],
  place: "src" | "dst",
  option: string,
  versions: readonly (4 | 6)[],
): readonly string[] {
  if (versions.length === 0) return [];
  const own = all.filter((sender) => sender[place] === "own");
  const notes =
    own.length === 0
      ? []
      : [`${setsWords(own, all)} ${namesOf(own, place)} itself; ${option} is what the port answers for`];
  for (const ip of [4, 6] as const) {
    const without = all.filter((sender) => sender.ip === ip && sender[place] === "open");
    if (versions.includes(ip) || without.length === 0) continue;
    const end = place === "src" ? "come from" : "go to";
    notes.push(`${option} has no IPv${ip} address: IPv${ip} frames ${end} the usual one`);
  }
  if (all.every(({ ip }) => ip === null)) notes.push(`no stream has an IP header that takes ${option}`);
  return notes;
}

/**
 * In sentences, what these options do not do for some of the traffic.
 * @throws PktgenError (2): one that does nothing at all.
 */
export function addressingNotes(dut: DutChoice, traffic: TrafficSpec, options: AddressOptions): readonly string[] {
  const all = sendersOf(dut, traffic);
  const notes: string[] = [];
  if (traffic.plain === undefined) {
    if (options.dstMac !== undefined) notes.push(...refuseOrNote(all, "dstMac", "--dst-mac", options.dstMac));
    if (options.srcMac !== undefined) notes.push(...refuseOrNote(all, "srcMac", "--src-mac", options.srcMac));
  }
  if (dut.kind !== "external" || dut.sides === null) return notes;
  const [near, far] = dut.sides;
  const texts = (list: readonly { readonly text: string }[]): string => list.map(({ text }) => text).join(",");
  if (near.gateways.length > 0) notes.push(...refuseOrNote(all, "dstMac", "--gateway", texts(near.gateways)));
  if (far.gateways.length > 0 && options.bidirectional) {
    // On the way back source and destination have changed places.
    notes.push(...refuseOrNote(all, "srcMac", "--rx-gateway", texts(far.gateways)));
  }
  const versions = (side: typeof near): (4 | 6)[] => side.addresses.map(({ ip }) => ip);
  notes.push(...noteAddresses(all, "src", "--tx-address", versions(near)));
  notes.push(...noteAddresses(all, "dst", "--rx-address", versions(far)));
  return notes;
}
