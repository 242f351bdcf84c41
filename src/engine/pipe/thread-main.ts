/** The thread that reads a capture into a pipe, or writes a pipe into a capture. It ends by itself. */
import { parentPort, workerData } from "node:worker_threads";
import { PktgenError } from "../../errors.js";
import { arenaMemory } from "../../sys/arena.js";
import { CaptureDrain } from "./drain.js";
import { CaptureFeeder } from "./feeder.js";
import type { CaptureThreadMessage, CaptureThreadSetup } from "./thread.js";

const setup = workerData as CaptureThreadSetup;
const memory = arenaMemory(setup.arenaAddress, setup.arenaBytes);
const post = (message: CaptureThreadMessage): void => parentPort!.postMessage(message);

try {
  const report =
    setup.kind === "feeder"
      ? await new CaptureFeeder(memory, setup.pipe, setup.options).run()
      : await new CaptureDrain(memory, setup.pipe, setup.options, (why) => post({ kind: "trouble", why })).run();
  post({ kind: "done", report });
} catch (error) {
  const isOurs = error instanceof PktgenError;
  post({
    kind: "failure",
    message: isOurs ? error.toLine() : error instanceof Error ? (error.stack ?? error.message) : String(error),
    exitCode: isOurs ? error.exitCode : null,
  });
}
parentPort!.close();
