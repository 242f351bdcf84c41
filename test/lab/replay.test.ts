/** `replay` over veth pairs of the test's own: every frame, byte for byte, seen by somebody else. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { runCli } from "../cli/run-cli.js";
import { vethPair } from "./netns.js";
import { describeLab } from "./probe.js";

const golden = join(import.meta.dirname, "../../pcaps/golden");
const folder = mkdtempSync(join(tmpdir(), "pktgen-lab-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeLab("replay over a veth pair", ["netns"], () => {
  it.each(["imix.pcap", "vlan.pcap", "odd-sizes.pcap"])("%s arrives as it is", async (name) => {
    using pair = vethPair();
    const path = join(golden, name);
    const port = ({ netns, name: iface }: { netns: string; name: string }) => `packet:${iface},netns=${netns}`;
    const args = [
      "replay",
      path,
      "--tx",
      port(pair.a),
      "--rx",
      port(pair.b),
      "--rate",
      "1kpps",
      "--settle",
      "300ms",
      "--expect",
      path,
    ];
    const done = await runCli([...args, "--json", "-"]);
    const result = JSON.parse(done.stdout);
    expect(result.reasons).toEqual([]);
    expect(result.comparison).toMatchObject({ missing: 0, unexpected: 0, changed: 0, reordered: 0 });
    expect(result.sent).toBe(result.comparison.same);
    expect(done.code).toBe(0);
  });
});
