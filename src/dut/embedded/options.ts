/** The options of the embedded device under test, `embedded,rate=40kpps,loss=0.1%`, from text to typed values. */

import { type FaultSpec, noFaults, type ServiceTime } from "../../engine/forward/fault-spec.js";
import type { FaultShare } from "../../engine/forward/index.js";
import { type ForwardMode, forwardModes } from "../../engine/forward/modes.js";
import { usageError } from "../../errors.js";
import { OptionList, type ValuesOf } from "../../option-list.js";
import { fcsBytes, layer1OverheadBytes, parseCount, parseDuration, parseRate, parseRatio } from "../../units.js";
import { type DutOption, oneOf, parseRingSize } from "../option-text.js";

const ringFormats = ["auto", "split", "packed"] as const;
type RingFormat = (typeof ringFormats)[number];

export interface EmbeddedOptions {
  /** What goes wrong on purpose in the container's hop; null: nothing, and frames pass no code for it. */
  readonly faults: FaultSpec | null;
  /** The mode of the container's part. */
  readonly mode: ForwardMode;
  /** The format of the rings at both sockets. */
  readonly ring: RingFormat;
  /** Descriptors per ring; null: see ringSizesByUse. */
  readonly size: number | null;
  /** The device's threads; null: two, or one if two and the generator were more than there are CPUs. */
  readonly threads: 1 | 2 | null;
  /** The options as they were given, for the report. */
  readonly given: readonly string[];
}

/**
 * Ring sizes where none was given. At a set rate the rings hold what comes while a shared CPU is away. That is often 5
 * ms, and 1,024 slots at 500 kpps are 2 ms. At max, rings are full all the time. Larger ones do not fit the cache and
 * cost a fifth of the rate.
 */
export const ringSizesByUse = { atMax: 1024, atSetRate: 4096 } as const;

/** The same options, with rings as large as the load asks for if no size was given. */
export const withRingSize = (options: EmbeddedOptions, use: keyof typeof ringSizesByUse): EmbeddedOptions =>
  options.size === null ? { ...options, size: ringSizesByUse[use] } : options;

/** The most frames that are chosen by number. */
const countMax = 1_000_000;

/** `10`: exactly ten frames. `1%` or `0.01`: each frame with this probability. null: none. */
function parseShare(text: string, where: string): FaultShare | null {
  if (/^\d+$/.test(text)) {
    const frames = parseCount(text, where, 0, countMax);
    return frames === 0 ? null : { kind: "count", frames };
  }
  try {
    const ratio = parseRatio(text, where);
    return ratio === 0 ? null : { kind: "ratio", ratio };
  } catch (cause) {
    const accepted = "a number of frames, e.g. 10, or a share of them, e.g. 0.1%";
    throw usageError(`"${text}" is neither a number of frames nor a share`, { where, accepted, cause });
  }
}

function parseService(text: string, where: string): ServiceTime | null {
  const rate = parseRate(text, where);
  switch (rate.kind) {
    case "max":
      return null;
    case "pps":
      return { frameNs: 1e9 / rate.pps, byteNs: 0, overheadBytes: 0 };
    case "bps":
      return {
        frameNs: 0,
        byteNs: 8e9 / rate.bps,
        overheadBytes: fcsBytes + (rate.layer === 1 ? layer1OverheadBytes : 0),
      };
    case "percent":
      throw usageError(`a device has no line, so "${text}" says no rate`, { where, accepted: "e.g. 40kpps, 1Gbps" });
  }
}

/** Every option once: parsing, help and errors come from here. */
export const embeddedOptionTable = {
  rate: {
    example: "40kpps",
    means: "forwards at most so fast (divided evenly among the queues)",
    parse: parseService,
  },
  queue: {
    example: "256",
    means: "frames that wait for the rate, per queue; one more is dropped",
    parse: (text, where) => parseCount(text, where, 1, 1_000_000),
  },
  delay: {
    example: "50us",
    means: "holds every frame for so long",
    parse: (text, where) => parseDuration(text, where, 0),
  },
  loss: {
    example: "0.1%",
    means: "loses frames: a share, or exactly so many",
    parse: parseShare,
  },
  duplicate: {
    example: "1%",
    means: "sends frames twice: a share, or exactly so many",
    parse: parseShare,
  },
  reorder: {
    example: "1%",
    means: "lets frames be overtaken: a share, or exactly so many",
    parse: parseShare,
  },
  extent: {
    example: "3",
    means: "how many frames overtake a reordered one",
    parse: (text, where) => parseCount(text, where, 1, 1000),
  },
  corrupt: {
    example: "10",
    means: "flips a bit: in exactly so many frames, one in each of the first groups of eight, or in a share",
    parse: parseShare,
  },
  pad: {
    example: "4",
    means: "adds so many zero bytes to every frame",
    parse: (text, where) => parseCount(text, where, 0, 1024),
  },
  trim: {
    example: "4",
    means: "cuts so many bytes off every frame",
    parse: (text, where) => parseCount(text, where, 0, 9018),
  },
  freeze: {
    example: "50ms",
    means: "stands still once per trial, after its 1,000th frame",
    parse: (text, where) => parseDuration(text, where, 0),
  },
  mode: {
    example: "io",
    means: `what the container's part does with frames: ${forwardModes.join(", ")}`,
    parse: (text, where) => oneOf(forwardModes, text, where),
  },
  ring: {
    example: "auto",
    means: "virtqueue format of both sockets: auto, split, packed",
    parse: (text, where) => oneOf(ringFormats, text, where),
  },
  size: {
    example: "1024",
    means: "descriptors per ring, or auto: 1024; 4096 where a rate is set, so that a stall of some ms fits",
    parse: (text, where) => (text === "auto" ? null : parseRingSize(text, where, 4)),
  },
  threads: {
    example: "1",
    means: "threads for its two hops: auto, 1, 2; auto: 1 where 2 and the generator would be more than there are CPUs",
    parse: (text, where): EmbeddedOptions["threads"] => {
      const word = oneOf(["auto", "1", "2"], text, where);
      return word === "auto" ? null : word === "1" ? 1 : 2;
    },
  },
} as const satisfies Readonly<Record<string, DutOption>>;

/** The longest delay or freeze: RFC 2544 §23 waits 2 s for frames still on their way. */
const longestHoldNs = 10e9;

const optionList = new OptionList<DutOption, typeof embeddedOptionTable>(embeddedOptionTable, {
  unknown: (name) => `the embedded device has no option "${name}"`,
  meant: (name, { example }) => `${name}=${example}`,
  noValue: (name, { example }) => ({ what: `the option "${name}" has no value`, accepted: `${name}=${example}` }),
  givenTwice: (name) => ({ what: `the option "${name}" is given twice`, accepted: "each option once" }),
  whereOf: (where, name) => `${where} ${name}`,
  refusesEmpty: true,
});

const faultsOf = (given: Partial<ValuesOf<typeof embeddedOptionTable>>): FaultSpec => ({
  service: given.rate ?? noFaults.service,
  queueFrames: given.queue ?? noFaults.queueFrames,
  delayNs: given.delay ?? noFaults.delayNs,
  loss: given.loss ?? noFaults.loss,
  duplicate: given.duplicate ?? noFaults.duplicate,
  reorder: given.reorder ?? noFaults.reorder,
  reorderExtent: given.extent ?? noFaults.reorderExtent,
  corrupt: given.corrupt ?? noFaults.corrupt,
  padBytes: given.pad ?? noFaults.padBytes,
  trimBytes: given.trim ?? noFaults.trimBytes,
  freezeNs: given.freeze ?? noFaults.freezeNs,
});

function checkTogether(values: FaultSpec, mode: ForwardMode, where: string): void {
  if (values.padBytes > 0 && values.trimBytes > 0) {
    throw usageError("pad and trim contradict each other", { where, accepted: "one of them" });
  }
  for (const [name, ns] of [
    ["delay", values.delayNs],
    ["freeze", values.freezeNs],
  ] as const) {
    if (ns > longestHoldNs)
      throw usageError(`the ${name} is too long`, { where: `${where} ${name}`, accepted: "up to 10s" });
  }
  if ((mode === "rxonly" || mode === "txonly") && hasFaults(values)) {
    throw usageError(`mode=${mode} forwards nothing that could go wrong`, {
      where,
      accepted: "faults with mode=io, mac or macswap",
    });
  }
}

const hasFaults = (values: FaultSpec): boolean =>
  values.service !== null ||
  [values.loss, values.duplicate, values.reorder, values.corrupt].some((share) => share !== null) ||
  values.delayNs + values.padBytes + values.trimBytes + values.freezeNs > 0;

/**
 * `rate=40kpps,queue=256`, what follows `embedded,`; empty for the defaults. `where` names the command-line option.
 * Throws a usage error (exit code 2).
 */
export function parseEmbeddedOptions(text: string, where = "--dut"): EmbeddedOptions {
  const given = text === "" ? [] : text.split(",").map((piece) => piece.trim());
  const values = optionList.parse(given, where);
  const { mode = "io", ring = "auto", size = null, threads = null } = values;
  const faults = faultsOf(values);
  checkTogether(faults, mode, where);
  return { faults: hasFaults(faults) ? faults : null, mode, ring, size, threads, given };
}
