/** Threads of a server's sessions. */
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { startRig } from "../support/serve-rig.js";

it("sessions have the threads that they ask for, up to one for each port, or as many as the server says", async () => {
  const free = { ports: ["north", "south"].map((name) => ({ name, spec: parsePortSpec("null:") })) };
  await using other = await startRig({ ...free, workers: 8 });
  const ask = (body: object) => other.ask("POST", "/sessions", { body: { ports: ["north", "south"], ...body } });
  const tooMany = await ask({ workers: 3 });
  expect([tooMany.status, tooMany.json.error.where, tooMany.json.error.accepted]).toEqual([422, "workers", "1 to 2"]);
  // The server's own number is a limit.
  for (const more of [{}, { workers: "auto" }, { workers: [["south"], ["north"]] }]) {
    const { status, json } = await ask(more);
    expect([status, json.ports?.length]).toEqual([201, 2]);
    await other.ask("DELETE", `/sessions/${json.id}`);
  }
});
