/** Watches a command that runs a test plan, and what it leaves. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { expect } from "vitest";
import { processesWith } from "../support/probe.js";

/** No process of the plan of this command is left. */
export const nothingLeft = (pid: number | undefined): void => {
  expect(processesWith(`PKTGEN_TS_NAME=pktgen-ts-${pid}-vhost`)).toEqual([]);
  expect(processesWith(`PKTGEN_TS_NAME=pktgen-ts-${pid}-container`)).toEqual([]);
};

/** No container of the plan of this command is left in podman; other commands beside it may have theirs. */
export const noContainerLeft = (pid: number | undefined): void => {
  const filter = `name=^pktgen-ts-${pid}-container$`;
  expect(execFileSync("podman", ["ps", "-a", "-q", "--filter", filter], { encoding: "utf8" })).toBe("");
};

/** Calls `action` once the command has written `text` to its standard error. */
export const onceSaid =
  (text: string, action: (child: ChildProcess) => void) =>
  (child: ChildProcess): void => {
    let said = "";
    let done = false;
    child.stderr?.on("data", (piece: string) => {
      said += piece;
      if (done || !said.includes(text)) return;
      done = true;
      action(child);
    });
  };
