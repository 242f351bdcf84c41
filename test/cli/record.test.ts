import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readCapture } from "../../src/pcap/index.js";
import { checkSignature, readSequence } from "../../src/stream/signature.js";
import { runCli } from "./run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-record-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sequence numbers of a capture's frames; every one has a whole signature. */
const sequences = (path: string): number[] =>
  readCapture(readFileSync(path)).frames.map(({ bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    expect(checkSignature(view, bytes.length)).toBe(true);
    return readSequence(view, bytes.length);
  });

it("a run records every frame that its trial sent and received, once, and no warm-up", async () => {
  const [tx, rx] = [join(folder, "tx.pcap"), join(folder, "rx.pcap")];
  const args = ["--sizes", "64", "--count", "500", "--rate", "5kpps", "--record-tx", tx, "--record-rx", rx];
  const { stdout } = await runCli([...args, "--json", "-"]);
  const [trial] = JSON.parse(stdout).trials;
  expect(trial).toMatchObject({ sent: 500, received: 500 });
  expect(trial.notes.join("; ")).toContain(`recorded 500 frames in ${tx}`);
  expect(sequences(tx)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  expect(sequences(rx)).toEqual(sequences(tx));
});
