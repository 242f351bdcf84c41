/**
 * The Open Traffic Generator server as a user of snappi sees it: a script of theirs over HTTP, HTTPS and gRPC, on veth pairs.
 * snappi is installed by name into a folder of this test; where that cannot be, the tests are skipped.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import { type VethEnd, vethPair } from "../support/netns.js";
import { otgServerOn } from "../support/otg-server.js";
import { describeLab } from "../support/probe.js";
import { bridgedPair, dropSome } from "./lossy-bridge.js";
import { missingClient, python } from "./snappi.js";

vi.setConfig({ testTimeout: 300_000 });

const script = join(import.meta.dirname, "otg_client.py");

async function serverOn(p1: VethEnd, p2: VethEnd) {
  const spec = ({ name, netns }: VethEnd) => parsePortSpec(`packet:${name},netns=${netns}`);
  const server = await otgServerOn([
    { name: "p1", spec: spec(p1) },
    { name: "p2", spec: spec(p2) },
  ]);
  const clients = [
    [server.https, "http"],
    [server.http, "http"],
    [server.grpc, "grpc"],
  ] as const;
  return { clients, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** The server is in this process, so that the script has to run beside it. */
function client(location: string, transport: string, what: string) {
  return new Promise<Record<string, never>>((resolve, reject) => {
    const child = spawn(python, ["-B", "-W", "ignore", script, location, transport, what]);
    let [out, errors] = ["", ""];
    child.stdout.on("data", (piece) => (out += piece));
    child.stderr.on("data", (piece) => (errors += piece));
    child.on("close", (code) =>
      code === 0 ? resolve(JSON.parse(out.trim().split("\n").at(-1)!)) : reject(new Error(errors)),
    );
  });
}

describeLab("snappi against the Open Traffic Generator server", ["netns", "python3"], () => {
  it.skipIf(missingClient !== null)(`sends, counts and captures (${missingClient ?? "installed"})`, async () => {
    using pair = vethPair();
    await using server = await serverOn(pair.a, pair.b);
    for (const [location, transport] of server.clients) {
      const { warnings, first, all, ports, capture } = await client(location, transport, "counts");
      expect(warnings).toEqual([]);
      expect(first).toEqual([
        ["f1", "stopped", 100, 100, 0],
        ["f2", "stopped", 0, 0, 0],
      ]);
      expect(all).toEqual([
        ["f1", "stopped", 100, 100, 0],
        ["f2", "stopped", 70, 70, 0],
      ]);
      expect(ports).toEqual([
        ["p1", 100, 70],
        ["p2", 70, 100],
      ]);
      const { frames } = decodeCapture(Buffer.from(capture as unknown as string, "hex"));
      expect(frames.map(({ bytes }) => [bytes.length, (bytes[34]! << 8) | bytes[35]!])).toEqual(
        Array.from({ length: 100 }, (_, i) => [128, 5000 + i]),
      );
      expect(await client(location, transport, "refused")).toEqual({
        ...{ code: 400, kind: "validation" },
        errors: ["lags: not supported: there are no LAGs; make a port of each link"],
      });
    }
  });

  it.skipIf(missingClient !== null)("tells the loss of a device that drops 137 frames: 137", async () => {
    using lab = bridgedPair();
    dropSome(lab);
    await using server = await serverOn(lab.p1, lab.p2);
    for (const [location, transport] of server.clients.slice(1)) {
      const { all, lost_ms: lostMs } = await client(location, transport, "losses");
      const [[, , sent, received, loss]] = all as unknown as [[string, string, number, number, number]];
      expect([sent, received]).toEqual([1000, 863]);
      expect(loss).toBeCloseTo(13.7, 5);
      // Of 500 frames a second, as fast as they really left; test/otg/live.test.ts has exact times.
      expect(Number(lostMs) / 274).toBeCloseTo(1, 0);
    }
  });
});
