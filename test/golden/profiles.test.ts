/** Every shipped profile: byte for byte what it was, right by our dissector, by tshark and by scapy. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { dissect } from "../../src/packet/index.js";
import { readCapture } from "../../src/pcap/index.js";
import { compileTraffic, frameAt, referenceFrame } from "../../src/stream/index.js";
import { profileCapture, profiles, streamsInCapture, tsharkLayers } from "../support/golden-profiles.js";
import { missing, scapyPython, skips } from "../support/probe.js";
import { tsharkFields } from "../support/tshark.js";

const folder = fileURLToPath(new URL("../../pcaps/profiles/", import.meta.url));
const checksums = ["ip", "udp", "tcp", "icmp", "icmpv6", "igmp", "sctp", "gre"].map(
  (name) => `${name}.checksum.status`,
);

const noTshark = missing("tshark");
const tsharkSkip = noTshark === null ? "" : ` (skipped: ${noTshark})`;
const noScapy = missing("scapy");
const scapySkip = noScapy === null ? "" : ` (skipped: ${noScapy})`;

it("there is a golden capture for each profile, and no other", () => {
  expect(readdirSync(folder).sort()).toEqual(profiles.map(({ name }) => `${name}.pcap`));
});

describe.each(profiles)("$name", ({ name, spec, programs }) => {
  const path = `${folder}${name}.pcap`;
  const streams = streamsInCapture(spec);

  it("is byte for byte what the compiled programs and the reference give", () => {
    const file = readFileSync(path);
    const compiled = profileCapture(spec, (traffic, size, stream, index, stamp) =>
      frameAt(compileTraffic(traffic, size, programs)[stream], index, stamp),
    );
    expect(Buffer.compare(file, compiled)).toBe(0);
    const reference = profileCapture(spec, (traffic, size, stream, index, stamp) =>
      referenceFrame(traffic, size, index, stamp, { stream, eachFrame: programs[stream] ?? null }),
    );
    expect(Buffer.compare(file, reference)).toBe(0);
  });

  it("has the layers that its streams name, and no fault but those that are meant", () => {
    const { frames, fault } = readCapture(readFileSync(path));
    expect([frames.length, fault]).toEqual([streams.length, null]);
    for (const [i, { bytes }] of frames.entries()) {
      const stream = spec.streams[streams[i]];
      const found = dissect(bytes);
      const faults = found.faults.map(({ protocol, field }) => `${protocol}.${field}`);
      if (name === "malformed") expect(faults).toEqual(stream.name === "good" ? [] : [stream.name]);
      // A first fragment has the length of its whole datagram.
      else if (name !== "fragments") expect(faults).toEqual([]);
      const named = stream.layers.map(({ protocol }) => protocol);
      if (name !== "fragments") expect(found.layers.map(({ header }) => header.protocol)).toEqual(named);
    }
  });

  it.skipIf(skips(noTshark))(
    `has what tshark calls these layers, nothing malformed, every checksum good${tsharkSkip}`,
    () => {
      const rows = tsharkFields(path, ["frame.protocols", "_ws.malformed", "_ws.expert.message", ...checksums]);
      if (name === "malformed") return;
      for (const [i, [protocols, malformed, , ...stati]] of rows.entries()) {
        const layers = tsharkLayers[name]?.[streams[i]] ?? "ip:udp:data";
        const shown = name === "sctp" ? protocols.replace(/:data$/, "") : protocols;
        expect([shown, malformed]).toEqual([`eth:ethertype:${layers}`, ""]);
        // 1 is good; an unchecked one is 2, and a wrong one 0. 3: there is none.
        expect(stati.flatMap((cell) => cell.split(",")).filter((status) => !["", "1", "3"].includes(status))).toEqual(
          [],
        );
      }
    },
  );

  it.skipIf(skips(noScapy))(`is for scapy the same layers, lengths and checksums${scapySkip}`, () => {
    const script = fileURLToPath(new URL("./scapy_layers.py", import.meta.url));
    const run = spawnSync(scapyPython, [script, path], { encoding: "utf8" });
    expect(run.stderr).toBe("");
    const seen = JSON.parse(run.stdout) as { layers: string[]; same: boolean }[];
    for (const [i, { layers, same }] of seen.entries()) {
      const { layers: ours, name: stream } = spec.streams[streams[i]];
      const known = ours.map(({ protocol }) => protocol).filter((protocol) => protocol !== "ppp");
      expect(layers.slice(0, known.length), `frame ${i + 1}`).toEqual(
        name === "fragments" ? layers.slice(0, known.length) : known,
      );
      // Computed anew by scapy they come out as they are, unless they are wrong on purpose.
      if (name !== "malformed" && name !== "fragments") expect(same, `frame ${i + 1}`).toBe(true);
      else if (stream === "good") expect(same).toBe(true);
    }
  });
});

describe.skipIf(skips(noTshark))(`the faults of malformed.pcap, by tshark${tsharkSkip}`, () => {
  const { spec } = profiles.find(({ name }) => name === "malformed")!;
  const streams = streamsInCapture(spec);
  const wanted: Readonly<Record<string, readonly [field: string, value: RegExp]>> = {
    "ipv4.checksum": ["ip.checksum.status", /^0$/],
    "ipv4.totalLength": ["_ws.expert.message", /total length exceeds packet length/],
    "ipv6.payloadLength": ["_ws.expert.message", /exceeds framing length/],
    "udp.checksum": ["udp.checksum.status", /^0$/],
    "udp.length": ["_ws.expert.message", /[Bb]ad length value 1400 > IP payload length/],
    "tcp.checksum": ["tcp.checksum.status", /^0$/],
    "icmp.checksum": ["icmp.checksum.status", /^0$/],
    "sctp.checksum": ["sctp.checksum.status", /^0$/],
    "pppoe.length": ["_ws.expert.message", /length/],
  };
  const fields = ["_ws.expert.message", ...checksums];
  const rows = noTshark === null ? tsharkFields(`${folder}malformed.pcap`, fields) : [];

  it.each(Object.entries(wanted))("%s", (name, [field, value]) => {
    const own = rows.filter((_, i) => spec.streams[streams[i]].name === name);
    expect(own.length).toBeGreaterThan(0);
    for (const row of own) expect(row[fields.indexOf(field)]).toMatch(value);
  });
});
