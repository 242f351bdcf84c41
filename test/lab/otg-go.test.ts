/**
 * The Open Traffic Generator server as users of Go see it, on a veth pair: a program with gosnappi over HTTPS, HTTP and gRPC,
 * and otgen. Go compiles gosnappi for minutes, so this runs with PKTGEN_OTG_GO=1. gosnappi is installed by name into a folder
 * of this test; otgen is the one in PATH, or installed there, too. What cannot be had is skipped by name.
 */
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, it, vi } from "vitest";
import { decodeCapture } from "../../src/pcap/codec.js";
import { parsePortSpec } from "../../src/port/index.js";
import { type VethEnd, vethPair } from "../support/netns.js";
import { otgServerOn } from "../support/otg-server.js";
import { describeLab } from "../support/probe.js";

vi.setConfig({ testTimeout: 120_000 });

const run = promisify(execFile);
const gosnappi = "github.com/open-traffic-generator/snappi/gosnappi@v1.58.0";
const otgenModule = "github.com/open-traffic-generator/otgen@v0.7.3";
const digest = createHash("sha256").update(`${gosnappi} ${otgenModule}`).digest("hex").slice(0, 12);
const folder = join(tmpdir(), `pktgen-ts-otg-go-${digest}`);
const compileMs = 1_200_000;

const go = (...args: readonly string[]): unknown =>
  execFileSync("go", args, {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: "0", GOBIN: folder, GOFLAGS: "" },
    stdio: "ignore",
    timeout: compileMs,
  });

function buildClient(): void {
  copyFileSync(join(import.meta.dirname, "otg_client.go"), join(folder, "main.go"));
  rmSync(join(folder, "go.mod"), { force: true });
  go("mod", "init", "client");
  go("get", gosnappi);
  go("mod", "tidy");
  go("build", "-o", "client", ".");
}

/** null: it is there. */
function lack(what: string, make: () => void): string | null {
  if (process.env["PKTGEN_LAB"] === "none") return "nothing is looked for";
  if (process.env["PKTGEN_OTG_GO"] !== "1") return "PKTGEN_OTG_GO is not 1";
  try {
    mkdirSync(folder, { recursive: true });
    make();
    return null;
  } catch {
    return `${what} cannot be installed here`;
  }
}

const otgen = [folder, ...(process.env["PATH"] ?? "").split(delimiter)]
  .map((one) => join(one, "otgen"))
  .find((path) => existsSync(path));

const clientLacks = lack(gosnappi, buildClient);
const otgenLacks = otgen !== undefined ? lack("", () => {}) : lack(otgenModule, () => go("install", otgenModule));

async function serverOn(p1: VethEnd, p2: VethEnd) {
  const spec = ({ name, netns }: VethEnd) => parsePortSpec(`packet:${name},netns=${netns}`);
  return otgServerOn([
    { name: "p1", spec: spec(p1) },
    { name: "p2", spec: spec(p2) },
  ]);
}

const otgenConfig = {
  ports: ["p1", "p2"].map((name) => ({ name, location: name })),
  flows: [
    {
      name: "f1",
      tx_rx: { choice: "port", port: { tx_name: "p1", rx_names: ["p2"] } },
      packet: [{ choice: "ethernet" }, { choice: "ipv4" }, { choice: "udp" }],
      ...{ size: { choice: "fixed", fixed: 128 }, rate: { choice: "pps", pps: 100 } },
      duration: { choice: "fixed_packets", fixed_packets: { packets: 150 } },
      metrics: { enable: true },
    },
  ],
};

describeLab("clients in Go against the Open Traffic Generator server", ["netns"], () => {
  it.skipIf(clientLacks !== null)(`gosnappi sends, counts, captures (${clientLacks ?? "installed"})`, async () => {
    using pair = vethPair();
    await using server = await serverOn(pair.a, pair.b);
    const transports = [
      [server.https, "http"],
      [server.http, "http"],
      [server.grpc, "grpc"],
    ] as const;
    for (const [location, transport] of transports) {
      const { stdout } = await run(join(folder, "client"), [location, transport]);
      const { capture, ...answer } = JSON.parse(stdout) as Readonly<Record<string, string>>;
      expect(answer).toEqual({
        ...{ warnings: [], name: "f1", sent: 100, received: 100, loss: 0, kind: "validation" },
        errors: ["lags: not supported: there are no LAGs; make a port of each link"],
      });
      const { frames } = decodeCapture(Buffer.from(capture!, "base64"));
      expect(frames.map(({ bytes }) => [bytes.length, (bytes[34]! << 8) | bytes[35]!])).toEqual(
        Array.from({ length: 100 }, (_, i) => [128, 5000 + i]),
      );
    }
  });

  it.skipIf(otgenLacks !== null)(`otgen runs a configuration to its end (${otgenLacks ?? "installed"})`, async () => {
    using pair = vethPair();
    await using server = await serverOn(pair.a, pair.b);
    const file = join(folder, "otg.json");
    writeFileSync(file, JSON.stringify(otgenConfig));
    for (const [metrics, list] of [
      ["port", "port_metrics"],
      ["flow", "flow_metrics"],
    ] as const) {
      const asked = ["run", "-k", "--json", "--file", file, "--metrics", metrics, "--api", server.https];
      const { stdout } = await run(otgen ?? join(folder, "otgen"), asked);
      const last = JSON.parse(stdout.trim().split("\n").at(-1)!) as Readonly<Record<string, readonly object[]>>;
      const rows = last[list]!.map((row) => row as Readonly<Record<string, unknown>>);
      const sum = (column: string): number => rows.reduce((all, row) => all + Number(row[column]), 0);
      expect([sum("frames_tx"), sum("frames_rx")]).toEqual([150, 150]);
    }
  });
});
