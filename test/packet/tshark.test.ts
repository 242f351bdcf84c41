/** The golden frames of every protocol as tshark sees them, all checksums validated. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, describe, expect, it } from "vitest";
import { writeCapture } from "../../src/pcap/index.js";
import { missing, skips } from "../support/probe.js";
import { tsharkFields } from "../support/tshark.js";
import { vectors } from "./vectors.js";

const noTshark = missing("tshark");
const checksums = ["ip", "udp", "tcp", "icmp", "icmpv6", "igmp", "sctp", "gre"].map(
  (name) => `${name}.checksum.status`,
);
const scratch = mkdtempSync(`${tmpdir()}/pktgen-packet-`);
afterAll(() => rmSync(scratch, { recursive: true }));

describe.skipIf(skips(noTshark))(`tshark${noTshark === null ? "" : ` (skipped: ${noTshark})`}`, () => {
  const judged = vectors.filter(({ tshark }) => tshark !== null);
  const frames = judged.map(({ hex }, i) => {
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    return { seconds: i, nanoseconds: 0, originalBytes: bytes.length, bytes };
  });
  const path = `${scratch}/vectors.pcap`;
  writeFileSync(path, writeCapture(frames));
  const rows = noTshark === null ? tsharkFields(path, ["frame.protocols", "_ws.malformed", ...checksums]) : [];

  it.each(judged.map((vector, i) => ({ ...vector, i })))("names the layers of: $name", ({ tshark, i }) => {
    // An 802.3 length is no EtherType.
    expect(rows[i][0]).toBe(tshark?.startsWith("llc") ? `eth:${tshark}` : `eth:ethertype:${tshark}`);
    expect(rows[i][1]).toBe("");
  });

  it("finds every checksum right: 1 good, 3 not there (of a tunnel over IPv6)", () => {
    const stati = new Map<string, Set<string>>();
    for (const row of rows) {
      for (const [k, cell] of row.slice(2).entries()) {
        for (const status of cell.split(",").filter((each) => each !== "")) {
          stati.set(checksums[k], (stati.get(checksums[k]) ?? new Set()).add(status));
        }
      }
    }
    const good = new Set(["1"]);
    expect(Object.fromEntries(stati)).toEqual({
      ...Object.fromEntries(checksums.map((name) => [name, good])),
      "udp.checksum.status": new Set(["1", "3"]),
    });
  });
});
