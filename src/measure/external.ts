/**
 * What a run does for a device that it did not start. Where addresses were given, the run is a neighbour of the device
 * and asks its gateways for their MAC addresses before the first frame. It also reads the counters of the device's
 * hops, which then agree with what was received, to the frame.
 */
import { type ExternalSide, HopReader, type HopReading } from "../dut/external/index.js";
import type { TrialReport } from "../engine/loop/index.js";
import type { ResponderSetup } from "../engine/neighbour/index.js";
import type { Generator } from "../engine/trial/index.js";
import { environmentError, PktgenError } from "../errors.js";
import type { PortSpec } from "../port/kinds.js";
import { readOwnInterface } from "../port/own-interface.js";
import type { ForeignCounters, HopCounters } from "../stats/ledger.js";
import { reversePlain, reverseStream } from "../stream/reverse.js";
import { addressesOf, addressStreams, type RunAddresses } from "../stream/spec/addressing.js";
import type { PlainTraffic, TrafficSpec } from "../stream/spec/traffic.js";
import { trafficOf } from "../stream/spec.js";
import type { ExternalChoice, RunPlan } from "./plan.js";
import { sentFrames } from "./sent-frames.js";

/** Where a port's interface does not say: of the sending, of the receiving side. */
const usualMacs = ["02:00:00:00:00:01", "02:00:00:00:00:02"] as const;

const portsOf = ({ tx, rx }: ExternalChoice): readonly PortSpec[] => (rx === null ? [tx] : [tx, rx]);

/** The responder at each port. null: the port has no addresses, and does not answer. */
export function respondersOf(dut: ExternalChoice, traffic: TrafficSpec): (ResponderSetup | null)[] {
  return portsOf(dut).map((spec, p): ResponderSetup | null => {
    const side = dut.sides?.[p];
    if (side === undefined || side.addresses.length === 0) return null;
    const of = (ip: 4 | 6): string[] => side.addresses.filter((each) => each.ip === ip).map(({ text }) => text);
    const given = p === 0 ? dut.keeps.srcMac : null;
    const mac = given ?? readOwnInterface(spec)?.mac ?? usualMacs[p]!;
    return { mac, ipv4: of(4), ipv6: of(6), vlan: vlanOf(traffic) };
  });
}

/** The tag that questions and answers carry: the one that all frames have, if there is one. */
function vlanOf(traffic: TrafficSpec): number | null {
  const tags = traffic.streams.map(({ layers: [, tag, next], fields }) => {
    const isOne = tag?.protocol === "vlan" && next?.protocol !== "vlan" && tag.tpid === 0x8100;
    const changes = fields.some(({ target }) => "field" in target && target.field === "vlan.id");
    return isOne && !changes ? tag.id : null;
  });
  const [first = null] = tags;
  return tags.every((tag) => tag === first) ? first : null;
}

const addressOf = (side: ExternalSide | undefined, ip: 4 | 6): string | null =>
  side?.addresses.find((address) => address.ip === ip)?.text ?? null;

type Gateway = ExternalSide["gateways"][number];

/** The gateway for frames of this IP version. A gateway of the other version belongs to the same router. */
const gatewayFor = (side: ExternalSide, ip: 4 | 6 | null): Gateway | null =>
  side.gateways.find((each) => each.ip === ip) ?? side.gateways[0] ?? null;

/**
 * The streams of both directions, addressed as the sides are, with the gateways' MAC addresses; of one direction the
 * second is the first again.
 * @throws PktgenError (3): a gateway that does not answer.
 */
export async function neighbourStreams(
  dut: ExternalChoice,
  traffic: TrafficSpec,
  responders: readonly (ResponderSetup | null)[],
  generator: Pick<Generator, "resolve">,
  bidirectional: boolean,
): Promise<[forward: TrafficSpec, reverse: TrafficSpec]> {
  if (dut.sides === null) return [traffic, bidirectional ? reverseStream(traffic) : traffic];
  const versions = traffic.streams.map((stream) => addressesOf(stream).ip);
  const hops: NextHops[] = [];
  for (const [port, side] of dut.sides.slice(0, responders.length).entries()) {
    hops.push(await nextHops(side, port, versions, generator));
  }
  const macs = responders.map((responder) => responder?.mac ?? null);
  if (traffic.plain !== undefined) return plainStreams(dut, dut.sides, traffic.plain, macs, hops);
  const [here = null, there = null] = macs;
  const ips = { src: addressesBy(dut.sides[0]), dst: addressesBy(dut.sides[1]) };
  const forward = addressStreams(traffic, { ...ips, srcMac: same(here), dstMac: orElse(hops[0], there) });
  if (!bidirectional) return [forward, forward];
  // The destination of the forward frames is the source of the reverse ones, and the other way round.
  const turned = addressStreams(traffic, { ...ips, srcMac: orElse(hops[1], here), dstMac: same(there) });
  return [forward, reverseStream(turned)];
}

/** MAC addresses by the IP version of what is in a frame. */
type NextHops = RunAddresses["dstMac"];

const same = (mac: string | null): NextHops => ({ 4: mac, 6: mac, other: mac });
const orElse = (hops: NextHops | undefined, mac: string | null): NextHops => ({
  4: hops?.[4] ?? mac,
  6: hops?.[6] ?? mac,
  other: hops?.other ?? mac,
});
const addressesBy = (side: ExternalSide): Readonly<Record<4 | 6, string | null>> => ({
  4: addressOf(side, 4),
  6: addressOf(side, 6),
});

function plainStreams(
  { keeps }: ExternalChoice,
  sides: readonly [ExternalSide, ExternalSide],
  stream: PlainTraffic,
  [srcMac = null, otherMac = null]: readonly (string | null)[],
  hops: readonly NextHops[],
): [forward: TrafficSpec, reverse: TrafficSpec] {
  const [src, dst] = sides.map((side) => addressOf(side, stream.ip));
  const forward: PlainTraffic = {
    ...stream,
    srcMac: keeps.srcMac ?? srcMac ?? stream.srcMac,
    dstMac: keeps.dstMac ? stream.dstMac : (hops[0]?.[stream.ip] ?? otherMac ?? stream.dstMac),
    srcAddress: keeps.srcAddress ? stream.srcAddress : (src ?? stream.srcAddress),
    dstAddress: keeps.dstAddress ? stream.dstAddress : (dst ?? stream.dstAddress),
  };
  const back = reversePlain(forward);
  const srcMacBack = otherMac ?? back.srcMac;
  const dstMacBack = hops[1]?.[stream.ip] ?? srcMac ?? back.dstMac;
  return [trafficOf(forward), trafficOf({ ...back, srcMac: srcMacBack, dstMac: dstMacBack })];
}

/** Asks each gateway that some frames go to, once. */
async function nextHops(
  side: ExternalSide,
  port: number,
  versions: readonly (4 | 6 | null)[],
  generator: Pick<Generator, "resolve">,
): Promise<NextHops> {
  const known = new Map<Gateway, string>();
  const hops: Record<4 | 6 | "other", string | null> = { 4: null, 6: null, other: null };
  for (const ip of new Set(versions)) {
    const gateway = gatewayFor(side, ip);
    if (gateway === null) continue;
    const mac = known.get(gateway) ?? (await gatewayMac(side, gateway, port, generator));
    known.set(gateway, mac);
    hops[ip ?? "other"] = mac;
  }
  return hops;
}

async function gatewayMac(
  side: ExternalSide,
  { ip, text }: Gateway,
  port: number,
  generator: Pick<Generator, "resolve">,
): Promise<string> {
  // Options accept a gateway only with an address of the same version.
  const from = addressOf(side, ip)!;
  const mac = await generator.resolve(port, text, from);
  if (mac !== null) return mac;
  const asked = ip === 4 ? "ARP" : "neighbour discovery";
  throw environmentError(`the gateway ${text} does not answer ${asked} within 3 s`, {
    where: port === 0 ? "--gateway" : "--rx-gateway",
    hint: `has the device ${text} on the interface that faces this port, up and in the network of ${from}?`,
  });
}

/** Counters of the device's hops, and of our own interfaces, at one moment. */
interface Snapshot {
  readonly hops: readonly (readonly HopReading[] | null)[];
  /** Frames that each port's interface sent, or dropped while it sent. null: the port has no interface. */
  readonly sent: readonly (number | null)[];
}

export interface TrialHops {
  readonly hops: readonly HopCounters[];
  readonly foreign: ForeignCounters;
  /** Why the counters say nothing, in words. */
  readonly faults: readonly string[];
  /** What was assumed of them. */
  readonly notes: readonly string[];
}

const mostTries = 25;
/** For the run's first reading: the device may have been connected a moment ago. */
const firstPatienceMs = 5_000;
const noForeign: ForeignCounters = { entered: 0, left: 0 };

/**
 * Reads counters so that no frame lies between two of them. Frames in a receive ring are taken in between two readings.
 * Only two equal readings count, and the chatter of other programs is rare enough for that.
 */
export class ExternalCounters implements AsyncDisposable {
  readonly #ports: readonly PortSpec[];
  readonly #readers: readonly (HopReader | null)[];
  readonly #drain: () => Promise<number>;
  #before: Snapshot | null = null;
  #after: Snapshot | null = null;
  /** Why the second reading failed: what was measured by then is not thrown away for it. */
  #failure: string | null = null;

  /** `drain`: takes what lies in the receive rings, into the open account; how many frames. */
  constructor(dut: ExternalChoice, directions: number, drain: () => Promise<number>) {
    this.#ports = portsOf(dut);
    this.#drain = drain;
    const reader = (hops: ExternalChoice["hops"], where: string): HopReader | null =>
      hops.length === 0 ? null : new HopReader(hops, where);
    const readers = [reader(dut.hops, "--hop"), reader(dut.reverseHops, "--reverse-hop")];
    this.#readers = readers.slice(0, directions);
  }

  get any(): boolean {
    return this.#readers.some((reader) => reader !== null);
  }

  /** Before a trial's first frame. @throws PktgenError (3): a source that fails. */
  async begin(): Promise<void> {
    this.#after = null;
    this.#failure = null;
    if (this.#before === null && this.any) await this.#read(firstPatienceMs);
    this.#before = this.any ? await this.#settled() : null;
  }

  /** When the trial is over and its account still open. */
  async end(): Promise<void> {
    if (!this.any) return;
    try {
      this.#after = await this.#settled();
    } catch (error) {
      if (!(error instanceof PktgenError)) throw error;
      this.#failure = error.toLine();
    }
  }

  async #settled(): Promise<Snapshot> {
    let last = await this.#read();
    for (let tries = 0; tries < mostTries; tries++) {
      const moved = await this.#drain();
      const next = await this.#read();
      if (moved === 0 && asText(next) === asText(last)) break;
      last = next;
    }
    return last;
  }

  async #read(patienceMs = 0): Promise<Snapshot> {
    const hops: (readonly HopReading[] | null)[] = [];
    for (const reader of this.#readers) hops.push(reader === null ? null : await reader.read(patienceMs));
    const sent = this.#ports.map((spec) => readOwnInterface(spec)?.sent ?? null);
    return { hops, sent };
  }

  /** What the trial's direction did to the counters. */
  of(direction: number, report: TrialReport): TrialHops {
    const reader = this.#readers[direction] ?? null;
    const [before, after] = [this.#before, this.#after];
    if (reader === null || before === null || after === null) {
      return { hops: [], foreign: noForeign, faults: this.#failure === null ? [] : [this.#failure], notes: [] };
    }
    const { hops, faults, notes } = reader.between(before.hops[direction]!, after.hops[direction]!);
    const port = direction === 0 ? 0 : this.#ports.length - 1;
    const [from, to] = [before.sent[port] ?? null, after.sent[port] ?? null];
    const own = sentFrames([report]) + report.beside;
    // All other frames of our interface come from the kernel, which sends its own (router solicitations, MLD).
    const entered = report.beside + (from === null || to === null ? 0 : Math.max(0, to - from - own));
    return { hops, foreign: { entered, left: foreignOf(report) }, faults, notes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.#readers) reader?.[Symbol.dispose]();
  }
}

const asText = (snapshot: Snapshot): string =>
  JSON.stringify(snapshot, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

/** What arrived and is none of this trial's frames of this direction. */
function foreignOf({ receive }: TrialReport): number {
  const arrived = receive.queues.reduce((sum, { packets }) => sum + packets, 0);
  return arrived - receive.received;
}

/** As RunPlan has it; null: not external. */
export const externalOf = ({ dut }: RunPlan): ExternalChoice | null => (dut.kind === "external" ? dut : null);
