/**
 * A capture made frame by frame, read again, and compared with one that differs. Nothing is sent. Run it with
 * `npx tsx examples/captures.ts`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare } from "pktgen-ts";
import { buildFrame, dissect, headerOf } from "pktgen-ts/packet";
import { decodeCapture, encodeCapture } from "pktgen-ts/pcap";

const frameOf = (ttl: number): Uint8Array =>
  buildFrame([headerOf("ethernet", {}), headerOf("ipv4", { ttl }), headerOf("udp", {})], 60);

const captureOf = (ttls: readonly number[]): Uint8Array =>
  encodeCapture(
    ttls.map((ttl, i) => ({ seconds: i, nanoseconds: 0, originalBytes: 60, bytes: frameOf(ttl) })),
    "pcapng",
  );

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-example-"));
try {
  const [sent, received] = [join(folder, "sent.pcapng"), join(folder, "received.pcapng")];
  writeFileSync(sent, captureOf([64, 64, 64]));
  writeFileSync(received, captureOf([64, 63, 64]));

  const { frames } = decodeCapture(readFileSync(received));
  for (const { bytes } of frames) console.log(dissect(bytes).layers.map(({ header }) => header.protocol).join("/"));

  const strict = await compare(sent, received);
  console.log(`strict: ${strict.verdict}, ${strict.findings.length} difference`);
  const routed = await compare(sent, received, { mask: ["ttl", "checksums"] });
  console.log(`behind a router: ${routed.verdict}`);
} finally {
  rmSync(folder, { recursive: true });
}
