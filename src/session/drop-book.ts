/**
 * What a session's own ports lost: frames that came in and found no room in their rings, or that their interfaces did not
 * take. The network did not lose them. Asking the kernel costs calls, so a port is asked only after frames moved there.
 */
import { PktgenError } from "../errors.js";
import type { Port } from "../port/index.js";
import { framesWord } from "../stats/words.js";

export interface PortDropCounts {
  /** null: nothing can be lost there, or it is not known. */
  readonly receiveDrops: number | null;
  readonly sendDrops: number | null;
}

/** One port's, and how many frames had moved there when it was asked. */
interface Asked {
  receiveDrops: number | null;
  sendDrops: number | null;
  moved: number;
  /** Frames moved since the look before: what is dropped after the last of them is seen at the next look. */
  isDue: boolean;
}

export interface DropBookSetup {
  readonly ports: readonly Pick<Port, "receiveDrops" | "sendDrops" | "spec">[];
  readonly names: readonly string[];
  /** Frames that came in at a port, and left it. */
  readonly movedAt: (port: number) => number;
  readonly tell: (port: string, message: string) => void;
}

export class DropBook {
  readonly #setup: DropBookSetup;
  readonly #asked: readonly Asked[];

  constructor(setup: DropBookSetup) {
    this.#setup = setup;
    this.#asked = setup.ports.map((port) => ({
      receiveDrops: port.receiveDrops === undefined ? null : 0,
      sendDrops: port.sendDrops === undefined ? null : 0,
      moved: 0,
      isDue: true,
    }));
  }

  of(port: number): PortDropCounts {
    const { receiveDrops, sendDrops } = this.#asked[port]!;
    return { receiveDrops, sendDrops };
  }

  /** Now and then: asks the ports where frames moved. */
  look(): void {
    for (const [index, asked] of this.#asked.entries()) {
      const moved = this.#setup.movedAt(index);
      const hasMoved = moved !== asked.moved;
      if (hasMoved || asked.isDue) this.#ask(index, asked);
      asked.moved = moved;
      asked.isDue = hasMoved;
    }
  }

  #ask(index: number, asked: Asked): void {
    const { ports, names, tell } = this.#setup;
    const port = ports[index]!;
    const before = { ...asked };
    Object.assign(asked, dropsOf(port));
    const [received, sent] = [asked.receiveDrops ?? 0, asked.sendDrops ?? 0];
    if (before.receiveDrops === 0 && received > 0) tell(names[index]!, receiveTrouble(names[index]!, port, received));
    if (before.sendDrops === 0 && sent > 0) tell(names[index]!, sendTrouble(names[index]!, port, sent));
  }
}

/** Where its interface cannot be asked any more, e.g. as its network namespace has no name now, nobody knows them. */
function dropsOf(port: Pick<Port, "receiveDrops" | "sendDrops">): PortDropCounts {
  try {
    return { receiveDrops: port.receiveDrops?.() ?? null, sendDrops: port.sendDrops?.() ?? null };
  } catch (error) {
    if (!(error instanceof PktgenError)) throw error;
    return { receiveDrops: null, sendDrops: null };
  }
}

type Named = Pick<Port, "spec">;

const receiveTrouble = (name: string, { spec }: Named, frames: number): string =>
  `port "${name}" (${spec.text}) had no room for ${framesWord(frames)} that came in, and counts on: its thread was too slow, or had no CPU. Helpful: a lower rate, a CPU for each thread, a larger ring (size=)`;

const sendTrouble = (name: string, { spec }: Named, frames: number): string =>
  `the interface of port "${name}" (${spec.text}) did not take ${framesWord(frames)}, or dropped them while it had no link, and counts on. Helpful: a lower rate, or a link that stays up`;
