/** `--fleet`, `agent` and `fleet` as the command line takes them: what is refused, and a run of several generators. */
import { describe, expect, it } from "vitest";
import { resultSchema } from "../../src/result/run-schema.js";
import { runCli } from "../support/run-cli.js";
import { runHere } from "../support/run-here.js";

describe("what is refused", () => {
  for (const [args, why] of [
    ["run --fleet nats://hub.example --sizes 64", /--fleet: the way to hub\.example:4222 is not encrypted/],
    ["run --fleet hub --sizes 64", /--fleet: "hub" is no address of a server/],
    ["run --agents a1 --sizes 64", /--agents: --agents is about a fleet, and there is none/],
    ["run --start-within 1ms --sizes 64", /--start-within is about a fleet/],
    ["run --fleet local:2 --agents a1 --sizes 64", /generators of this process have no names/],
    ["run --fleet local:2 --sizes 64 --cores 0", /--cores: a choice of CPUs cannot be done over a fleet yet/],
    ["run --fleet local:2 --sizes 64 --workers auto", /--workers auto: how many CPUs each agent has is not known here/],
    ["run --fleet local:2 --sizes 64 --record-tx /tmp/x.pcap", /recording cannot be done over a fleet yet/],
    ["run --fleet local:2 --sizes 64 --dut testpmd,container=none", /testpmd cannot be done over a fleet yet/],
    ["run --fleet local:2 --sizes 64 --dut external --tx packet:lo", /cannot all open packet:lo/],
    ["run --fleet local:2 --sizes 64 --dut external --tx null: --hop x,rx=null,tx=null", /--hop/],
    ["agent --fleet nats://127.0.0.1:1", /--port: an agent without ports is of no use/],
    ["agent --fleet nats://hub --port embedded", /is not encrypted/],
    ["agent --fleet local:2 --port embedded", /a fleet of one process is nobody else's to reach/],
    ["agent --fleet nats://127.0.0.1:1 --port packet", /--port/],
    ["agent --fleet nats://127.0.0.1:1 --port embedded --max-rate 1Gbps", /--max-rate: a limit in bits/],
    ["agent --fleet nats://127.0.0.1:1 --port embedded --name a.b", /"a\.b" cannot be the name of an agent/],
    ["agent --fleet nats://127.0.0.1:1 --port embedded --label x", /"x" is no label/],
    [
      "otg --fleet nats://127.0.0.1:1 --port p=null:",
      /"p=null:" names no port of an agent; accepted: name=agent\/port/,
    ],
    ["otg --fleet nats://127.0.0.1:1", /there is no port/],
    ["otg --fleet nats://127.0.0.1:1 --port a1/x --port a1/x", /two ports are called "a1\/x"/],
    ["otg --fleet nats://127.0.0.1:1 --port p=a1/x --port q=a1/packet:x", /a1\/packet:x is named twice/],
    ["otg --fleet nats://hub --port p=a1/x", /is not encrypted/],
    ["otg --fleet local:2 --port p=a1/x", /a fleet of one process is nobody else's to reach/],
    ["otg --fleet nats://127.0.0.1:1 --port p=a1/x --workers 2", /--workers: the ports are those of agents/],
    [
      "otg --fleet nats://127.0.0.1:1 --port p=a1/x --yes-this-interface",
      /--yes-this-interface: the ports are those of agents/,
    ],
    ["otg --port p=null: --take-agents", /--take-agents is about a fleet, and there is none/],
    ["otg --port p=null: --creds x", /--creds is about a fleet, and there is none/],
    ["serve --fleet nats://127.0.0.1:1", /unknown option '--fleet'; serve has the ports of its own machine/],
    ["fleet", /what about the fleet\?/],
    ["fleet ls", /which fleet\?/],
    ["fleet release --fleet nats://127.0.0.1:1", /which agent\?/],
    ["fleet stop --fleet nats://127.0.0.1:1", /which run\?/],
    ["fleet collect a.b --fleet nats://127.0.0.1:1", /"a\.b" names no run/],
  ] as const) {
    it(args, async () => {
      const { code, stderr } = await runHere(args.split(" "));
      expect([code, stderr]).toEqual([2, expect.stringMatching(why)]);
    });
  }

  it("a server that is not there is missing, and not a wrong option", async () => {
    const { code, stderr } = await runCli("fleet ls --fleet nats://127.0.0.1:1".split(" "));
    expect([code, stderr]).toEqual([3, expect.stringMatching(/127\.0\.0\.1:1: no connection to the fleet's server/)]);
  });
});

it("a run of two generators in this process, of two threads each, counts every frame of both, and says who sent what", async () => {
  const load = "--sizes 64,256 --count 600 --rate 1kpps --workers 2";
  const args = `run --fleet local:2 ${load} --start-within 10s --json -`;
  const { stdout } = await runCli(args.split(" "));
  const result = resultSchema.parse(JSON.parse(stdout));
  expect(result.fleet).toMatchObject({ address: "local:2", startWithinNs: 10e9 });
  expect(result.trials).toHaveLength(2);
  for (const { sent, accepted, lost, unaccounted, hops, fleet, queues, latencyNs } of result.trials) {
    expect({ sent, accepted, lost, unaccounted, queues }).toEqual({
      sent: 600,
      accepted: 600,
      lost: 0,
      unaccounted: 0,
      queues: 4,
    });
    expect(hops.map(({ rx, tx }) => [rx, tx])).toEqual(hops.map(() => [600, 600]));
    expect(latencyNs?.count).toBe(600);
    expect(fleet?.agents.map(({ name, share, sent }) => [name, share, sent])).toEqual([
      ["a1", "1 of 2", 300],
      ["a2", "2 of 2", 300],
    ]);
  }
});
