/** A flow that goes while its session ends. */
import { expect, it } from "vitest";
import { parsePortSpec } from "../../src/port/index.js";
import { ServedSession } from "../../src/serve/sessions/served-session.js";
import { openSession, type Session } from "../../src/session/index.js";
import { simFlow } from "../support/session-sim.js";

it("is none that the ended session has", async () => {
  const real = await openSession({ ports: [{ name: "p0", port: parsePortSpec("null:") }], settleNs: 1e6 });
  let goOn!: () => void;
  const isHeld = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let sayGone!: () => void;
  const isGone = new Promise<void>((resolve) => {
    sayGone = resolve;
  });
  // The flow is gone, and who removed it does not know yet.
  const removeFlows: Session["removeFlows"] = async (names) => {
    await real.removeFlows(names);
    sayGone();
    await isHeld;
  };
  const session = new Proxy(real, {
    get: (_, key) => {
      if (key === "removeFlows") return removeFlows;
      const value: unknown = Reflect.get(real, key, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
  const served = new ServedSession({
    ...{ id: "s-1", body: { ports: ["p0"] }, session, lineRateBps: null, settleNs: 1e6, onEnd: () => {} },
  });
  const order = (name: string) => ({ spec: simFlow(name, 1, { to: [] }), rate: "1kpps", start: false });
  await served.add([order("goes"), order("stays")]);
  const removed = served.remove("goes");
  await isGone;
  await served.end("test");
  expect(() => served.flows(["goes"])).toThrow(/there is no flow "goes"/);
  goOn();
  expect((await removed).name).toBe("goes");
  expect(served.flows(["stays"]).map(({ name }) => name)).toEqual(["stays"]);
});
