/** Values of a test plan, read where they stand: what cannot be read becomes an error at that place of the file. */
import { PktgenError } from "../../errors.js";
import type { YamlDocument, YamlPath } from "../../profile/document.js";
import { plainTraffic } from "../../stream/spec.js";
import {
  type FrameSize,
  parseBytes,
  parseCount,
  parseDuration,
  parseRate,
  parseRatio,
  parseSizes,
  ratePps,
} from "../../units.js";
import type { PlanTraffic } from "./types.js";

/** Runs `make`; its usage errors move to `path` in the file. */
export function placed<T>(document: YamlDocument, path: YamlPath, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    const { message, accepted, hint } = error;
    throw document.errorAt(path, message, {
      ...(accepted === undefined ? {} : { accepted }),
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
}

type Text = string | number;

const read =
  <T>(parse: (text: string, where: string) => T) =>
  (document: YamlDocument, path: YamlPath, value: Text): T =>
    placed(document, path, () => parse(String(value), ""));

export const bytesAt = read(parseBytes);
export const timeAt = read((text, where) => parseDuration(text, where));
export const ratioAt = read(parseRatio);
/** Frames per second. */
export const framesRateAt = read((text, where) => {
  const rate = parseRate(text, where);
  return rate.kind === "pps" ? rate.pps : ratePps(rate, 64, null, where);
});
const countAt = read((text, where) => parseCount(text, where));
const rateAt = read(parseRate);

/** As it stands in a plan, a case or a step; a later one wins key by key. */
export interface TrafficShape {
  readonly socket?: string | undefined;
  readonly port?: string | undefined;
  readonly sizes?: Text | readonly Text[] | undefined;
  readonly rate?: string | undefined;
  readonly count?: Text | undefined;
  readonly duration?: string | undefined;
  readonly flows?: number | undefined;
  readonly "dst-mac"?: string | undefined;
}

/** The values of one `traffic`, read. Absent: not said there. */
export type TrafficPart = Partial<
  Omit<PlanTraffic, "stream"> & { readonly flows: number; readonly dstMac: string; readonly path: YamlPath }
>;

function sizesAt(document: YamlDocument, path: YamlPath, value: Text | readonly Text[]): readonly FrameSize[] {
  const one = read(parseSizes);
  if (!Array.isArray(value)) return one(document, path, value as Text);
  return (value as readonly Text[]).flatMap((entry, i) => one(document, [...path, i], entry));
}

export function trafficPart(document: YamlDocument, path: YamlPath, shape: TrafficShape): TrafficPart {
  const { socket, port, sizes, rate, count, duration, flows } = shape;
  if (count !== undefined && duration !== undefined) {
    const accepted = "one of them: a trial ends after a time or after so many frames";
    throw document.errorAt(path, "count and duration contradict each other", { accepted }, "duration");
  }
  const said = {
    socket,
    port,
    sizes: sizes === undefined ? undefined : sizesAt(document, [...path, "sizes"], sizes),
    rate: rate === undefined ? undefined : rateAt(document, [...path, "rate"], rate),
    // Whichever of the two is said here takes the place of both.
    count:
      count === undefined ? (duration === undefined ? undefined : null) : countAt(document, [...path, "count"], count),
    durationNs:
      duration === undefined
        ? count === undefined
          ? undefined
          : null
        : timeAt(document, [...path, "duration"], duration),
    flows,
    dstMac: shape["dst-mac"],
    path,
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

const defaults = { rate: { kind: "pps", pps: 10_000 }, count: 10_000, durationNs: null } as const;

/** The parts, later ones first in importance, as what a step sends. Throws at the place of the last part. */
export function planTrafficOf(document: YamlDocument, parts: readonly TrafficPart[], seed: number): PlanTraffic {
  const merged = Object.assign({}, ...parts) as TrafficPart;
  const path = merged.path ?? [];
  const { socket, flows, dstMac } = merged;
  if (socket === undefined) {
    throw document.errorAt(path, "the generator has no socket to send to", {
      accepted: "socket: with the iface of a net_vhost or the link of an interface's driver, here or in traffic",
    });
  }
  const changes = {
    ...(merged.sizes === undefined ? {} : { sizes: merged.sizes }),
    ...(flows === undefined ? {} : { flows }),
    ...(dstMac === undefined ? {} : { dstMac }),
    seed,
  };
  const stream = placed(document, path, () => plainTraffic(changes));
  return {
    socket,
    port: merged.port ?? null,
    sizes: stream.sizes,
    rate: merged.rate ?? defaults.rate,
    count: merged.count === undefined ? defaults.count : merged.count,
    durationNs: merged.durationNs ?? defaults.durationNs,
    stream,
  };
}
