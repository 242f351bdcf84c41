/** A disk under the spool that is full: the agent says it, once, and the run goes on with what is in memory. */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { LocalHub } from "../../src/fleet/local-bus.js";
import { openSpool } from "../../src/fleet/spool.js";
import { fleetRequest, fleetRig } from "../support/fleet-rig.js";
import { simulatedAgent } from "../support/simulated-agents.js";
import { noSmallDisk, smallDisk } from "../support/small-disk.js";

const disk = smallDisk(1);
const { benchOn, keep } = fleetRig();

it.skipIf(disk === null)(`a full disk under the spool (${noSmallDisk(disk) ?? "tmpfs"})`, async () => {
  const hub = new LocalHub();
  const said: string[] = [];
  const spool = openSpool(disk!, "a1");
  keep(await simulatedAgent(keep(hub.connect()), "a1", {}, { spool, say: (text) => void said.push(text) }));
  const filler = join(disk!, "filler");
  writeFileSync(filler, "");
  try {
    for (;;) writeFileSync(filler, Buffer.alloc(4_096), { flag: "a" });
  } catch {
    // It is full.
  }
  const bench = await benchOn(keep(hub.connect()), { names: ["a1"] });
  for (const index of [0, 1]) {
    const [trial] = await bench.trial(fleetRequest, index);
    expect(trial).toMatchObject({ verdict: "pass", sent: 1_000, accepted: 1_000 });
  }
  expect(said).toEqual([expect.stringMatching(/cannot be written to --spool \(ENOSPC\): it is in memory alone/)]);
  expect(readdirSync(disk!)).toEqual(["filler"]);
  rmSync(filler);
  await bench.trial(fleetRequest, 2);
  expect(said.slice(1)).toEqual(["--spool takes reports again"]);
});
