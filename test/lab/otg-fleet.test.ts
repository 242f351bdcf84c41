/**
 * The Open Traffic Generator server with ports of two agents, as a user of snappi sees it: a real NATS server, an agent in a
 * process and a clock of its own for each port, and a bridge between the ports.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it, vi } from "vitest";
import { agentProcess, endProcesses } from "../support/fleet-processes.js";
import { natsPrograms, startNats } from "../support/nats.js";
import type { VethEnd } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain } from "../support/run-cli.js";
import { bridgedPair, dropSome } from "./lossy-bridge.js";
import { missingClient, python } from "./snappi.js";

vi.setConfig({ testTimeout: 300_000 });

const [program] = natsPrograms;
const hasTimeNamespaces = spawnSync("unshare", ["-T", "--monotonic", "1", "true"]).status === 0;
const script = join(import.meta.dirname, "otg_fleet_client.py");
const missing = program!.missing ?? missingClient ?? (hasTimeNamespaces ? null : "no time namespaces");

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  endProcesses();
});

const portOf = ({ netns, name }: VethEnd): string => `packet:${name},netns=${netns}`;
/** A clock that is ahead of this machine's by so many seconds. */
const clockAhead = (seconds: number) => ["unshare", "-T", "--monotonic", `${seconds}`, "--fork", "--kill-child"];

/** The server, and the address of its HTTP once it answers. `said`: what it says on standard error. */
async function otgProcess(url: string, ports: readonly string[]): Promise<{ http: string; said: string[] }> {
  const places = ["--http", "0", "--https", "0", "--grpc", "0"];
  const named = ports.flatMap((port) => ["--port", port]);
  const child = spawn(process.execPath, [builtMain(), "otg", "--fleet", url, ...named, ...places]);
  children.push(child);
  const said: string[] = [];
  child.stderr.on("data", (piece) => said.push(String(piece)));
  for await (const line of createInterface(child.stdout)) {
    const http = /listening at (http:.*)/.exec(line)?.[1];
    if (http !== undefined) return { http, said };
  }
  throw new Error(`the server ended: ${said.join("")}`);
}

/** The script of a user: its lines, as they come. `tell` gives it one. */
function client(location: string, what: string) {
  const child = spawn(python, ["-B", "-W", "ignore", script, location, what]);
  children.push(child);
  let errors = "";
  child.stderr.on("data", (piece) => (errors += piece));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    tell: () => child.stdin.write("\n"),
    next: async () => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the script ended: ${errors}`);
      return JSON.parse(value);
    },
  };
}

describeLab("snappi against the Open Traffic Generator server of a fleet", ["netns", "python3"], () => {
  it.skipIf(missing !== null)(
    `every frame is accounted for between two agents (${missing ?? "all is there"})`,
    async () => {
      using lab = bridgedPair();
      const nats = await startNats(program!);
      try {
        const [left, right] = [portOf(lab.p1), portOf(lab.p2)];
        await agentProcess(nats.url, "a1", { ports: [left], before: clockAhead(3_000) });
        const a2 = await agentProcess(nats.url, "a2", { ports: [right], before: clockAhead(70) });
        const { http, said } = await otgProcess(nats.url, [`tx=a1/${left}`, `rx=a2/${right}`]);

        const both = client(http, "both_ways");
        expect(await both.next()).toEqual([]);
        expect(await both.next()).toEqual([
          ["there", "stopped", 1000, 1000, 0],
          ["back", "stopped", 500, 500, 0],
        ]);
        expect(await both.next()).toEqual([
          ["tx", "up", 1000, 500],
          ["rx", "up", 500, 1000],
        ]);

        const changing = client(http, "changing");
        expect(await changing.next()).toEqual(["stopped", true, true]);
        expect(await changing.next()).toEqual([
          expect.stringMatching(/^captures\[0\]\.port_names\[0\]: not supported at a port of an agent/),
        ]);

        dropSome(lab);
        const losing = client(http, "losing");
        const [[name, state, sent, received, loss]] = await losing.next();
        expect([name, state, sent, received]).toEqual(["there", "stopped", 1000, 863]);
        expect(loss).toBeCloseTo(13.7, 5);

        const gone = client(http, "agent_gone");
        expect(await gone.next()).toBe("running");
        a2.kill("SIGKILL");
        gone.tell();
        expect(await gone.next()).toEqual(["started", true, null]);
        expect(await gone.next()).toEqual([expect.stringMatching(/agent a2: .*does not answer any more/)]);
        expect(await gone.next()).toBe("stopped");
        expect(await gone.next()).toEqual([expect.stringMatching(/^ports: .*nobody answers at a2/)]);
        expect(said.join("")).toMatch(/agent a2: it does not answer any more/);
      } finally {
        endProcesses();
        await nats.stop();
      }
    },
  );
});
