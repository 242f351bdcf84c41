/** `health` asks a server as a container's health check does, and `serve` waits for interfaces: as processes. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, get } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { ip, makeNetns } from "../support/netns.js";
import { describeLab } from "../support/probe.js";
import { builtMain, runCli } from "../support/run-cli.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-health-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A server whose process says these lines in this order, and ends with 0 when it is told to. */
async function serverThatSays(command: readonly string[], saidUntil: string, meanwhile: () => unknown = () => {}) {
  const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let isTold = false;
  await new Promise<void>((resolve, reject) => {
    const take = (piece: Buffer): void => {
      said += piece.toString();
      if (said.includes("waiting for") && !isTold) {
        isTold = true;
        meanwhile();
      }
      if (said.endsWith(saidUntil)) resolve();
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  const end = (): Promise<number | null> =>
    new Promise((resolve) => {
      child.removeAllListeners("exit").once("exit", resolve);
      child.kill("SIGTERM");
    });
  return { said: () => said, end };
}

it("a server at a socket answers; afterwards nobody does", async () => {
  const socket = join(folder, "s.sock");
  const server = await serverThatSays([process.execPath, builtMain(), "serve", "--unix", socket], "pktgen-ts ready\n");
  expect(await runCli(["health", socket])).toMatchObject({ code: 0, stdout: `${socket} answers\n`, stderr: "" });
  expect(await server.end()).toBe(0);
  const gone = await runCli(["health", socket]);
  expect(gone).toMatchObject({ code: 3, stdout: "" });
  expect(gone.stderr).toBe(
    `pktgen-ts: health: ${socket} does not answer (ENOENT); is it there? pktgen-ts serve --unix ${socket}\n`,
  );
});

const portOf = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { readonly port: number }).port)),
  );

it("another server is none of ours, and one that says nothing is waited for 3 s", async () => {
  const other = createServer((_request, response) => response.writeHead(200).end("hello"));
  const silent = createTcpServer(() => {});
  try {
    const foreign = await runCli(["health", `127.0.0.1:${await portOf(other)}`]);
    expect([foreign.code, foreign.stderr]).toEqual([3, expect.stringContaining("is no server of pktgen-ts")]);
    const nothing = await runCli(["health", `127.0.0.1:${await portOf(silent)}`]);
    expect([nothing.code, nothing.stderr]).toEqual([3, expect.stringContaining("no answer within 3 s")]);
  } finally {
    other.close();
    silent.close();
  }
});

it.each([[["a", "b"]], [["nowhere"]]])("%j is refused", async (words) => {
  expect((await runCli(["health", ...words])).code).toBe(2);
});

interface Listed {
  readonly ports: readonly { readonly spec: string }[];
}

const textAt = (socketPath: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    get({ socketPath, path, agent: false }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString();
      });
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });

describeLab("serve --wait-interfaces", ["netns"], () => {
  it("answers once eth1 and eth2 are there and up, and has them as ports", async () => {
    using space = makeNetns();
    ip(space.name, "link", "add", "name", "eth1", "type", "veth", "peer", "name", "eth2");
    ip(space.name, "link", "set", "dev", "eth1", "up");
    const socket = join(folder, "w.sock");
    const serve = [process.execPath, builtMain(), "serve", "--unix", socket, "--wait-interfaces", "2"];
    const server = await serverThatSays(["ip", "netns", "exec", space.name, ...serve], "pktgen-ts ready\n", () =>
      ip(space.name, "link", "set", "dev", "eth2", "up"),
    );
    expect(server.said()).toMatch(/^pktgen-ts: waiting for eth2 to be there and up\nlistening at /);
    const specs = (JSON.parse(await textAt(socket, "/ports")) as Listed).ports;
    expect(specs.map(({ spec }) => spec)).toEqual(["embedded", "packet:eth1", "packet:eth2"]);
    expect(await server.end()).toBe(0);
  });

  it("ends when it is told to while it waits", async () => {
    using space = makeNetns();
    const command = ["ip", "netns", "exec", space.name, process.execPath, builtMain(), "otg", "--wait-interfaces", "1"];
    const server = await serverThatSays(command, "waiting for eth1 to be there and up\n");
    expect(await server.end()).toBe(130);
  });
});
