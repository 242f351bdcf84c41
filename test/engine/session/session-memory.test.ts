/** The memory of sessions that are over goes back to the machine, whatever else was asked for beside it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const engine = join(import.meta.dirname, "../../../dist/engine/session/index.js");

/**
 * In a process of its own, as many opens do it: a session of 4,096 flows, the small ones that its code is rehearsed with, and
 * what is over is collected now and then. It prints by how many bytes the process grew from the eighth one on.
 */
const opens = `
  import { allocateSession } from ${JSON.stringify(engine)};
  const shapeOf = (capacity, heapBytes) => ({ capacity, lanes: 2 * capacity, ports: 2, trial: 1, heapBytes });
  let sessions = [];
  let before = 0;
  for (let k = 0; k <= 40; k++) {
    sessions.push(allocateSession(shapeOf(4096, 2 ** 28)));
    for (let rehearsal = 0; rehearsal < 3; rehearsal++) {
      new Uint8Array(allocateSession(shapeOf(16, 2 ** 20)).shared).fill(1, 0, 1e6);
    }
    if (k % 4 === 3) sessions = [];
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (k % 4 === 0) gc();
    if (k === 8) before = process.memoryUsage().rss;
  }
  console.log(process.memoryUsage().rss - before);
`;

it("of 40 sessions, one after the other, nothing stays", () => {
  const grown = execFileSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", opens], {
    encoding: "utf8",
  });
  // 160 MB where the C library keeps it.
  expect(Number(grown)).toBeLessThan(40e6);
});
