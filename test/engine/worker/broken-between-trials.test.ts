/** A device that breaks its ring while no trial runs: what was measured before counts, and it is no bug of ours. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { TrialSpec } from "../../../src/engine/loop/trial-spec.js";
import { startGenerator } from "../../../src/engine/trial/start-generator.js";
import { PktgenError } from "../../../src/errors.js";
import { openPort, type PortRings, parsePortSpec } from "../../../src/port/index.js";
import { arena } from "../../../src/sys/arena.js";
import { fixedSize } from "../../../src/units.js";
import { defaultTraffic } from "../../support/plain.js";
import { startEcho } from "./echo-part.js";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "pktgen-test-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const spec: TrialSpec = {
  trial: 1,
  stream: defaultTraffic,
  size: fixedSize(64),
  queues: 1,
  startSequence: 0,
  load: { kind: "paced", pps: 20_000 },
  count: 200,
  durationNs: Number.POSITIVE_INFINITY,
  settleNs: 500e6,
  integrity: false,
  cooperative: true,
};

/** The device's own index runs ahead of what it was given. */
function breakUsedIndex(rings: PortRings): void {
  const layout = rings.queues[0]!.tx!;
  if (layout.format !== "split") throw new Error("a split ring was asked for");
  const used = new Uint16Array(arena().memory().u8.buffer, layout.deviceArea, 2);
  used[1] = used[1]! + 3_000;
}

it("ends the connection, refuses the trial with the reason, and the next trial has a new one", async () => {
  await using part = await startEcho(`${directory}/echo.sock`);
  const portSpec = parsePortSpec(`virtio-user:${directory}/echo.sock,ring=split`);
  await using port = await openPort(portSpec, { maxFrameBytes: 1518 });
  const rings = await port.ready(5_000);
  await part.ready(5_000);
  await using generator = await startGenerator({ tx: port, rx: null, cpu: null, busy: false });
  const never = new AbortController().signal;
  expect((await generator.runTrial(spec, never)).receive.accepted).toBe(200);

  breakUsedIndex(rings);
  const error = await generator.runTrial({ ...spec, trial: 2 }, never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PktgenError);
  expect(error).toMatchObject({ exitCode: 4, message: expect.stringMatching(/broke its ring \(used\.idx: /) });

  await port.ready(5_000);
  expect((await generator.runTrial({ ...spec, trial: 3 }, never)).receive.accepted).toBe(200);
});
