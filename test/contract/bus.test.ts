/** The contract of buses, run for the one in this process and for NATS servers. */
import { LocalHub } from "../../src/fleet/local-bus.js";
import { connectNats } from "../../src/fleet/nats/nats-bus.js";
import { parseNatsAddress } from "../../src/options/fleet-address.js";
import { natsPrograms, startNats } from "../support/nats.js";
import { busContract } from "./bus.js";

busContract({
  name: "the bus in this process",
  missing: null,
  async start() {
    const hub = new LocalHub();
    return { connect: async () => hub.connect(), stop: async () => {} };
  },
});

let fleets = 0;
for (const program of natsPrograms) {
  busContract({
    name: `a bus over ${program.name}`,
    missing: program.missing,
    async start() {
      const server = await startNats(program);
      const address = parseNatsAddress(`${server.url}/contract${fleets++}`, "--fleet");
      return { connect: () => connectNats({ address, name: "contract" }), stop: () => server.stop() };
    },
  });
}
