/** What all ports on interfaces share: drops are counted to the end, and everything is closed once. */
import { expect, it } from "vitest";
import { InterfacePort, type InterfaceRings } from "../../src/port/interface-port.js";
import { defaultPortOptions } from "../../src/port/options.js";
import { noKick, type PortFacts } from "../../src/port/port.js";
import { type InterfaceFacts, readInterface } from "../../src/sys/net/netdev.js";

interface Lost extends Readonly<Record<string, number>> {
  readonly ringFull: number;
}

/** A port on the loopback interface whose sockets are a number. */
class CountedPort extends InterfacePort<
  { readonly text: string; readonly kind: "counted"; readonly queues: 1; readonly name: "lo"; readonly netns: null },
  Lost,
  InterfaceRings<Lost>
> {
  readonly log: string[] = [];
  /** What the kernel's counter would say now. */
  ringFull = 0;
  cannotBeReleased = false;

  constructor() {
    super({ text: "counted:lo", kind: "counted", queues: 1, name: "lo", netns: null }, defaultPortOptions);
  }

  protected openRings(facts: InterfaceFacts): InterfaceRings<Lost> {
    this.log.push("open");
    this.ringFull = 0;
    return {
      facts,
      queues: [{ queue: 0, tx: null, rx: null, txKick: noKick, rxKick: noKick }],
      losses: () => ({ ringFull: this.ringFull }),
      close: () => void this.log.push(`close at ${this.ringFull}`),
    };
  }

  protected override release(): void {
    this.log.push("release");
    if (this.cannotBeReleased) throw new Error("the kernel said no");
  }

  receiveDrops(): number {
    return this.losses().ringFull;
  }

  facts(): PortFacts {
    throw new Error("nobody asks");
  }
}

const loopback = readInterface("lo")!;

it("counts what is lost until the loop stands, and closes the rings after that", async () => {
  const port = new CountedPort().start(loopback);
  port.ringFull = 3;
  expect(port.receiveDrops()).toBe(3);
  port.observe({
    quiesce: () => {
      port.log.push("stands");
      port.ringFull = 5;
    },
    resume: () => {
      // Whoever asks while the rings end hears of all of it, too.
      expect(port.receiveDrops()).toBe(5);
    },
  });
  port.breakConnection("a test broke it");
  expect(port.receiveDrops()).toBe(5);
  expect(port.log).toEqual(["open", "stands", "close at 5"]);
  await port[Symbol.asyncDispose]();
  await port[Symbol.asyncDispose]();
  expect(port.log.slice(3)).toEqual(["release"]);
  expect(port.receiveDrops()).toBe(5);
});

it("lets nobody wait for a port whose closing failed", async () => {
  const port = new CountedPort().start(loopback);
  port.breakConnection("a test broke it");
  const waiting = expect(port.ready(60_000)).rejects.toThrow("the port was closed");
  port.cannotBeReleased = true;
  await expect(port[Symbol.asyncDispose]()).rejects.toThrow("the kernel said no");
  await waiting;
});
