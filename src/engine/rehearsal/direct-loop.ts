/**
 * Ports that lead straight back, in private memory. Their rings are of the same kinds as the generator's own, and one
 * thread does what their peers or the kernel would do. Nothing leaves the program. The generator measures its own share
 * of every latency through them, and V8 compiles its code as for the real rings.
 */
import { copyFrame, type FarRx, type FarTx, LoopSpace, loopRx, loopTx, type RingMemory } from "../../ring/index.js";
import type { OpenPort, OpenQueue } from "../loop/index.js";

const burstFrames = 64;

export interface DirectLoop {
  readonly memory: RingMemory;
  /** One or two, as the generator has. With two, each receives what the other sends. */
  readonly ports: readonly OpenPort[];
  /** Where `spareBytes` of memory begin that no ring uses. */
  readonly spare: number;
  /** The device's turn: moves what was sent to where it will be received. */
  turn(): void;
}

interface Path {
  readonly from: FarTx;
  readonly to: FarRx;
}

/**
 * `like`: the generator's ports as they are now; null (its peer is gone): packed rings. `queues` of each are used;
 * `maxFrameBytes`: the longest frame that will be sent, without FCS.
 */
export function directLoop(
  like: readonly (OpenPort | null)[],
  queues: number,
  maxFrameBytes: number,
  spareBytes = 0,
): DirectLoop {
  const space = new LoopSpace(2 * like.length * queues, maxFrameBytes, spareBytes);
  const spare = space.take(spareBytes);
  const ends = like.map((port) =>
    Array.from({ length: queues }, (_, q) => {
      const layouts = port?.queues[q]?.layouts;
      return { tx: loopTx(space, layouts?.tx ?? null), rx: loopRx(space, layouts?.rx ?? null) };
    }),
  );
  const ports = ends.map((port, p): OpenPort => {
    // The same properties in the same order as the worker's own: V8 takes them for objects of one shape.
    const queueOf = ({ tx, rx }: (typeof port)[number], q: number): OpenQueue => ({
      tx: tx.near,
      rx: rx.near,
      live: null,
      layouts: like[p]?.queues[q]?.layouts ?? nothing,
      notifyTx: nobody,
      notifyRx: nobody,
    });
    return { memory: space.memory, queues: port.map(queueOf) };
  });
  const paths = ends.flatMap((port, p) =>
    port.map(({ tx }, q): Path => ({ from: tx.far, to: ends[ends.length - 1 - p]![q]!.rx.far })),
  );
  return {
    memory: space.memory,
    ports,
    spare,
    turn: () => {
      for (let w = 0; w < paths.length; w++) passOn(space.memory, paths[w].from, paths[w].to);
    },
  };
}

const nobody = (): void => {};
const nothing = { tx: null, rx: null };

function passOn(memory: RingMemory, from: FarTx, to: FarRx): void {
  // A frame without room waits where it is: the loop loses nothing.
  const frames = from.poll(Math.min(burstFrames, to.reclaim()));
  if (frames === 0) return;
  let placed = 0;
  for (let k = 0; k < frames; k++) {
    const at = to.place(placed, from.lengths[k]);
    if (at <= 0) break;
    copyFrame(memory, at, from.offsets[k], from.lengths[k]);
    placed++;
  }
  to.publish(placed);
  from.release(frames);
}
