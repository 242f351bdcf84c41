/** `--live` on a real terminal: a pseudo-terminal that `script` (util-linux) makes. */
import { spawn, spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { builtMain } from "../support/run-cli.js";

const hasScript = spawnSync("script", ["--version"]).status === 0;

/** Runs the command behind a terminal of 80 × 24; `key` is pressed once a trial is open. */
function onTerminal(command: string, key: string): Promise<{ readonly text: string; readonly code: number | null }> {
  const line = `stty cols 80 rows 24; exec ${process.execPath} ${builtMain()} ${command}`;
  const child = spawn("script", ["-qefc", line, "/dev/null"], { env: { ...process.env, LANG: "C" } });
  let text = "";
  let isPressed = false;
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString("utf8");
    if (isPressed || !text.includes("RUNNING")) return;
    isPressed = true;
    child.stdin.write(key);
  });
  return new Promise((resolve) => child.on("close", (code) => resolve({ text, code })));
}

it.skipIf(!hasScript)("redraws in place, stops on q, and gives the terminal back before the report", async () => {
  const { text, code } = await onTerminal("--live --sizes 64 --rate 1kpps --duration 60s", "pq");
  expect(code).toBe(130);
  const [before, after] = text.split("\u001b[?25h\u001b[?1049l") as [string, string];
  expect(before).toContain("\u001b[?1049h");
  expect(before).toContain("the load of a trial is fixed while it runs");
  expect(before).toContain("STOPPING");
  expect(after).toContain("interrupted");
  expect(after).not.toContain("\u001b[H");
});
