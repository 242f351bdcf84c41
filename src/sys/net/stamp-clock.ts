/**
 * The clocks that arrivals are stamped with, compared with ours (CLOCK_MONOTONIC): CLOCK_REALTIME, which the kernel
 * stamps with, and a network card's own (a PTP clock). Both drift against ours and may be set by others, so they are
 * compared again and again.
 */
import { closeSync, openSync } from "node:fs";
import { environmentError } from "../../errors.js";
import { addressOf, libc } from "../libc.js";
import { stampAllReceived } from "./hardware-stamps.js";
import { ethtool } from "./netdev.js";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const ETHTOOL_GET_TS_INFO = 0x41;
/** linux/net_tstamp.h */
const SOF_TIMESTAMPING_RX_HARDWARE = 1 << 2;
const SOF_TIMESTAMPING_RAW_HARDWARE = 1 << 6;
const rounds = 16;

/** How far a clock is ahead of ours: seconds + ns / 1e9, to within `errorNs`. */
export interface ClockAhead {
  readonly seconds: number;
  readonly ns: number;
  readonly errorNs: number;
}

export interface StampClock extends Disposable {
  /** `seconds` as given, or (null) whole: the rest is in `ns`. */
  compare(seconds: number | null): ClockAhead;
}

/** The clock of the kernel's own stamps. */
export const kernelStampClock = (): StampClock => ({
  compare: (seconds) => compareClock(CLOCK_REALTIME, seconds),
  [Symbol.dispose]: () => {},
});

/**
 * The clock of an interface's hardware stamps, which are switched on until it is disposed.
 * @throws PktgenError (3): it has none, its clock cannot be read, its stamps cannot be switched on.
 */
export function hardwareStampClock(name: string, where: string): StampClock {
  const info = Buffer.alloc(44); // struct ethtool_ts_info
  info.writeUInt32LE(ETHTOOL_GET_TS_INFO, 0);
  const wanted = SOF_TIMESTAMPING_RX_HARDWARE | SOF_TIMESTAMPING_RAW_HARDWARE;
  const phc = ethtool(name, info) && (info.readUInt32LE(4) & wanted) === wanted ? info.readInt32LE(8) : -1;
  if (phc < 0) {
    throw environmentError(`interface ${name} does not stamp what it receives`, {
      where,
      hint: "use timestamp=kernel",
    });
  }
  let fd: number;
  try {
    fd = openSync(`/dev/ptp${phc}`, "r");
  } catch (cause) {
    const hint = "let this user read it, or use timestamp=kernel";
    throw environmentError(`the clock of interface ${name}, /dev/ptp${phc}, cannot be opened`, { where, hint, cause });
  }
  let stamping: Disposable;
  try {
    stamping = stampAllReceived(name, where);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    // A clock behind a descriptor: clock_gettime(2), FD_TO_CLOCKID.
    compare: (seconds) => compareClock((~fd << 3) | 3, seconds),
    [Symbol.dispose]() {
      stamping[Symbol.dispose]();
      closeSync(fd);
    },
  };
}

/** Reads the other clock between two reads of ours, several times, and takes the closest. */
function compareClock(clock: number, wanted: number | null): ClockAhead {
  const before = new Uint32Array(new ArrayBuffer(16));
  const theirs = new Uint32Array(new ArrayBuffer(16));
  const after = new Uint32Array(new ArrayBuffer(16));
  const addresses = [before, theirs, after].map((buffer) => Number(addressOf(buffer.buffer)));
  let best = Number.POSITIVE_INFINITY;
  let ahead: ClockAhead = { seconds: 0, ns: 0, errorNs: best };
  for (let round = 0; round < rounds; round++) {
    libc.clockGettime(CLOCK_MONOTONIC, addresses[0]);
    libc.clockGettime(clock, addresses[1]);
    libc.clockGettime(CLOCK_MONOTONIC, addresses[2]);
    const took = (after[0] - before[0]) * 1e9 + after[2] - before[2];
    if (took >= best) continue;
    best = took;
    const seconds = wanted ?? theirs[0] - before[0];
    const ns = (theirs[0] - before[0] - seconds) * 1e9 + theirs[2] - before[2] - took / 2;
    ahead = { seconds, ns, errorNs: took / 2 };
  }
  return ahead;
}
