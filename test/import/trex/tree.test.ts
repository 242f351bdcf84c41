/**
 * All profiles of a TRex tree against the captures of its own tests: `PKTGEN_TREX_TREE=DIR`, with Python and what TRex's
 * library needs. docs/trex.md has the table.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { importTrexFile } from "../../../src/import/trex/index.js";
import { formatMac, type MacAddress } from "../../../src/packet/index.js";
import { decodeCapture } from "../../../src/pcap/codec.js";
import { framesOf } from "./samples.js";

const tree = process.env["PKTGEN_TREX_TREE"] ?? "";
const script = new URL("../../../scripts/trex_profile_to_json.py", import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), "pktgen-ts-trex-"));
const stl = join(tree, "scripts/stl");
const slowMs = 600_000;

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Other random values, marks of counted streams, two cores, padding out of memory, frames that are too long. */
const different = new Set(
  [
    "syn_attack",
    "syn_attack_fix_cs_hw",
    "udp_rand_len_9k",
    "hlt_ip_ranges",
    "hlt_udp_random_ports",
    "hlt_vlans_vm",
  ].concat(
    ["flow_stats", "flow_stats_latency", "hlt_ipv6_ranges", "split_var_to_cores", "hlt_udp_inc_dec_len_9k"],
    ["udp_1pkt_simple", "udp_1pkt_simple_mac_dst", "udp_1pkt_simple_mac_src", "udp_1pkt_simple_mac_dst_src"],
  ),
);
/** Needs tunables; is no profile. */
const without = new Set(["imix_wlc", "tpg_tags_conf"]);
/** Bursts in a chain that begins again. */
const refused = new Set(["many_streams"]);

const profiles = !existsSync(stl)
  ? []
  : ["", "hlt", "tests"].flatMap((folder) =>
      readdirSync(join(stl, folder))
        .filter((name) => name.endsWith(".py") && !without.has(basename(name, ".py")))
        .map((name) => join(stl, folder, name)),
    );

const jsonOf = (profile: string): string => {
  const file = join(scratch, `${basename(profile, ".py")}.json`);
  // Paths in profiles are those from the tree's scripts.
  const cwd = join(tree, "scripts");
  execFileSync("python3", [script, "--trex", tree, profile, "-o", file], { cwd, stdio: "pipe" });
  return file;
};

interface Captured {
  readonly timeNs: number;
  readonly hex: string;
}

/** TRex's simulator sorts nothing: frames of one moment may stand in any order. */
const inMoments = (frames: readonly Captured[]): readonly string[] => {
  const sorted: string[] = [];
  for (let i = 0; i < frames.length; ) {
    const from = i;
    while (i < frames.length && Math.abs(frames[i]!.timeNs - frames[from]!.timeNs) <= 2_000) i++;
    sorted.push(
      ...frames
        .slice(from, i)
        .map(({ hex }) => hex)
        .toSorted(),
    );
  }
  return sorted;
};

const isSame = (a: readonly Captured[], b: readonly Captured[]): boolean =>
  a.length === b.length &&
  (a.every(({ hex }, i) => hex === b[i]!.hex) || inMoments(a).every((hex, i) => hex === inMoments(b)[i]));

describe.skipIf(tree === "")("the profiles of a TRex tree (PKTGEN_TREX_TREE)", () => {
  it.each(profiles)("%s", { timeout: slowMs }, (profile) => {
    const name = basename(profile, ".py");
    const file = jsonOf(profile);
    if (refused.has(name)) {
      expect(() => importTrexFile(file)).toThrow(/has bursts, and starts again/);
      return;
    }
    const capture = join(tree, "scripts/exp", `${name}.pcap`);
    if (!existsSync(capture)) {
      expect(importTrexFile(file).streams).toBeGreaterThan(0);
      return;
    }
    const { frames } = decodeCapture(readFileSync(capture));
    const [first] = frames;
    const startNs = first!.seconds * 1e9 + first!.nanoseconds;
    const mac = (from: number): string => formatMac(first!.bytes.slice(from, from + 6) as MacAddress);
    const { text } = importTrexFile(file, { unsigned: true, ports: { dst: mac(0), src: mac(6) } });
    const sent = framesOf(text, frames.length);
    const should = frames.map(({ seconds, nanoseconds, bytes }) => ({
      timeNs: seconds * 1e9 + nanoseconds - startNs,
      hex: Buffer.from(bytes).toString("hex"),
    }));
    const is = sent.map(({ timeNs, hex }) => ({ timeNs: timeNs - sent[0]!.timeNs, hex }));
    expect({ name, same: isSame(should, is) }).toEqual({ name, same: !different.has(name) });
  });
});
