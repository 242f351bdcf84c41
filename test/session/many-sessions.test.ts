/**
 * Sessions that are opened and closed again and again leave nothing behind. `PKTGEN_SESSION_OPENS` makes it longer (1000).
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { openSession } from "../../src/session/index.js";
import { temporaryFolder } from "../support/rings-cross.js";
import { simFlow } from "../support/session-sim.js";

const opens = Number(process.env["PKTGEN_SESSION_OPENS"] ?? 6);
/** What the first sessions bring with them stays: threads that Node keeps, compiled code. */
const first = 3;
/** However many they are. Ended threads leave 54 kB and three mappings each (docs/limits.md). */
const mostGrownBytes = 120e6;
const mostNewMappings = 300;

const open = (folder: string): number => readdirSync(folder).length;
const mappings = (): number => readFileSync("/proc/self/maps", "utf8").split("\n").length;

it(
  "leave no descriptor, no thread and no memory behind",
  async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "s");
    const one = async (): Promise<void> => {
      await using session = await openSession({
        ports: [
          { name: "p0", port: parsePortSpec(`vhost:${path},server=on`) },
          { name: "p1", port: parsePortSpec(`virtio-user:${path}`) },
        ],
        capacity: 64,
      });
      await session.addFlows([simFlow("a", 1, { duration: { kind: "frames", frames: 10 } })]);
      await session.startCapture({ port: "p1", frames: 100 });
      await session.start("all");
      while (session.sample().flows[0]!.received < 10) await new Promise((resolve) => setTimeout(resolve, 2));
    };
    for (let k = 0; k < first; k++) await one();
    const before = [open("/proc/self/fd"), open("/proc/self/task")];
    const { rss } = process.memoryUsage();
    const mapped = mappings();
    for (let k = 0; k < opens; k++) await one();
    const [descriptors, threads] = [open("/proc/self/fd"), open("/proc/self/task")];
    expect(descriptors).toBeLessThanOrEqual(before[0]!);
    expect(threads).toBeLessThanOrEqual(before[1]!);
    expect(process.memoryUsage().rss - rss).toBeLessThan(mostGrownBytes);
    expect(mappings() - mapped).toBeLessThan(mostNewMappings);
    expect(open(folder.path)).toBe(0);
  },
  120_000 + 2_000 * opens,
);
