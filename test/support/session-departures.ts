/** When frames of a simulated session's flows left, as their signatures say. */
import { SessionSim } from "./session-sim.js";

export const stampOf = (frame: Uint8Array): number => {
  const view = new DataView(frame.buffer, frame.byteOffset);
  return view.getUint16(frame.length - 4, true) * 2 ** 32 + view.getUint32(frame.length - 8, true);
};

/** Of the flow with this number, whose source port says it. */
export const departuresOf = (sim: SessionSim, number: number): number[] =>
  sim.taken
    .filter(({ frame }) => ((frame[34]! << 8) | frame[35]!) === 1024 + number)
    .map(({ frame }) => stampOf(frame));

export const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((ns, k) => ns - times[k]!);

/** A clock that costs nothing: frames leave at their slots, to the nanosecond. */
export function exactSim(): SessionSim {
  const sim = new SessionSim();
  sim.readNs = 1;
  sim.turnNs = 97;
  return sim;
}
