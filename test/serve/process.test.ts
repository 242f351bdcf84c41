/** The command as a process: it says when it is ready, ends clean on SIGTERM, and leaves nothing behind. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { endlessRun, type Json } from "../support/serve-rig.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-serve-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const main = join(import.meta.dirname, "../../dist/cli/main.js");

const post = (socketPath: string, path: string, body: object): Promise<Json> =>
  new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json" };
    const asking = request({ socketPath, method: "POST", path, headers }, (response) => {
      let text = "";
      response.on("data", (piece: Buffer) => {
        text += piece.toString();
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    asking.on("error", reject);
    asking.end(JSON.stringify(body));
  });

it("a run that goes on is stopped and kept, the socket is gone, and the exit code is 0", async () => {
  const socket = join(folder, "s.sock");
  const history = join(folder, "history");
  const child = spawn(process.execPath, [main, "serve", "--unix", socket, "--history", history], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (piece: Buffer) => {
      said += piece.toString();
      if (said.endsWith("pktgen-ts ready\n")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`ended with ${code}`)));
  });
  let complaints = "";
  child.stderr.on("data", (piece: Buffer) => {
    complaints += piece.toString();
  });
  await ready;
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const { id } = await post(socket, "/runs", { options: endlessRun });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  expect([await ended, complaints]).toEqual([0, ""]);
  expect(existsSync(socket)).toBe(false);
  expect(existsSync(join(history, id, "run.json"))).toBe(true);
});
