/** Two ports in namespaces of their own, with a bridge between them that can be told to drop frames. */
import { execFileSync } from "node:child_process";
import { ip, makeNetns, makeVeth, type VethEnd } from "../support/netns.js";

export interface BridgedPair extends Disposable {
  readonly p1: VethEnd;
  readonly p2: VethEnd;
  /** The bridge's namespace; `da` is its port to p1. */
  readonly device: string;
}

export function bridgedPair(): BridgedPair {
  const spaces = [makeNetns(), makeNetns(), makeNetns()] as const;
  const [left, device, right] = spaces;
  makeVeth({ netns: left.name, name: "ga" }, { netns: device.name, name: "da" });
  makeVeth({ netns: right.name, name: "gb" }, { netns: device.name, name: "db" });
  ip(device.name, "link", "add", "name", "bridge0", "type", "bridge");
  for (const port of ["da", "db"]) ip(device.name, "link", "set", port, "master", "bridge0");
  ip(device.name, "link", "set", "bridge0", "up");
  return {
    ...{ p1: { netns: left.name, name: "ga" }, p2: { netns: right.name, name: "gb" }, device: device.name },
    [Symbol.dispose]: () => {
      for (const space of spaces) space[Symbol.dispose]();
    },
  };
}

/** From now on frames to 137 of 1,000 addresses are dropped, of those that p1 sends. */
export function dropSome({ device }: BridgedPair): void {
  // A bridge does not send a frame back to where it came from: it drops those.
  const known = Array.from({ length: 137 }, (_, k) => `02:00:00:00:00:${k.toString(16).padStart(2, "0")}`);
  const input = known.map((mac) => `fdb add ${mac} dev da master static\n`).join("");
  execFileSync("bridge", ["-n", device, "-batch", "-"], { input, stdio: ["pipe", "ignore", "ignore"] });
}
