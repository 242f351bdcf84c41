/**
 * A way to a server that a test can cut and mend, and that tells it what passes. Cut, it swallows what is said, and nobody
 * is told that it is gone. Held, it says it later: as if whoever is at its end were stopped.
 */
import { connect, createServer, type Socket } from "node:net";

/** `in`: from the server; `out`: to it. */
export type Heading = "in" | "out";

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  cut(): void;
  /** What was on the way when it was cut is lost, and so are the connections of that time. */
  mend(): void;
  hold(): void;
  /** What was held comes now, in its order. */
  resume(): void;
  /**
   * Once a text that fits goes that way, before it is passed on: what `then` cuts or holds, it is the first to be in. A
   * text that came in two pieces is found, too.
   */
  when(heading: Heading, fits: RegExp, then: () => void): void;
}

interface Wait {
  readonly heading: Heading;
  readonly fits: RegExp;
  readonly then: () => void;
}

/** So much of what passed is looked at again with what comes next. */
const pieceChars = 400;

export async function tcpProxy(toPort: number): Promise<TcpProxy> {
  const open = new Set<Socket>();
  const waits = new Set<Wait>();
  let state: "open" | "held" | "cut" = "open";
  let held: (() => void)[] = [];
  const look = (heading: Heading, text: string): void => {
    for (const wait of waits) {
      if (wait.heading !== heading || !wait.fits.test(text)) continue;
      waits.delete(wait);
      wait.then();
    }
  };
  const server = createServer((near) => {
    if (state === "cut") return void near.destroy();
    const far = connect(toPort, "127.0.0.1");
    for (const [heading, from, to] of [
      ["out", near, far],
      ["in", far, near],
    ] as const) {
      open.add(from);
      let before = "";
      from.on("data", (bytes) => {
        const text = before + bytes.toString("latin1");
        before = text.slice(-pieceChars);
        look(heading, text);
        if (state === "open") to.write(bytes);
        else if (state === "held") held.push(() => to.write(bytes));
      });
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        if (state === "open") to.destroy();
        else if (state === "held") held.push(() => to.destroy());
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      state = "cut";
    },
    mend: () => {
      end();
      state = "open";
    },
    hold: () => {
      state = "held";
    },
    resume: () => {
      state = "open";
      for (const say of held.splice(0)) say();
    },
    when: (heading, fits, then) => void waits.add({ heading, fits, then }),
    [Symbol.asyncDispose]: async () => {
      held = [];
      end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
