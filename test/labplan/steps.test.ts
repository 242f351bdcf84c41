/** Planning: from a plan's file to every command line, without doing anything. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commandLine } from "../../src/dut/testpmd/command-line.js";
import { stepsText } from "../../src/labplan/dry-run.js";
import { pathOf, portsOnPath } from "../../src/labplan/path.js";
import { planSteps } from "../../src/labplan/steps.js";
import { facts, orderOf } from "./orders.js";

const golden = join(import.meta.dirname, "golden");
const launches = (order: ReturnType<typeof orderOf>) =>
  planSteps(order, facts).flatMap(({ steps }) =>
    steps.flatMap(({ deed }) => (deed.do === "launch" ? [deed.launch] : [])),
  );
const sends = (order: ReturnType<typeof orderOf>) =>
  planSteps(order, facts).flatMap(({ steps }) =>
    steps.flatMap(({ deed }) => (deed.do === "send" ? [deed.traffic] : [])),
  );

describe("the steps of a plan as text", () => {
  it.each(["virtio-user-container-networking", "virtio-user-server-mode-reconnect"])("%s", (name) => {
    const order = orderOf(name);
    const text = stepsText(order.plan, planSteps(order, facts), facts);
    const file = join(golden, `${name}.txt`);
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });
});

describe("planning", () => {
  it("without a container runs the program itself, and mounts nothing", () => {
    const [, container] = launches(orderOf("virtio-user-container-networking", { container: "none" }));
    expect(container.contained).toBe(false);
    expect(container.mounts).toEqual([]);
    expect(container.description.hugepages).toMatchObject({ kind: "on", directory: "/mnt/huge" });
  });

  it("without hugepages has nothing to mount on either side", () => {
    const order = orderOf("virtio-user-container-networking", { hugepages: false });
    expect(launches(order).map(({ description }) => description.hugepages)).toEqual(Array(4).fill({ kind: "off" }));
    const [first] = planSteps(order, facts)[0].steps;
    expect(first.text).toBe("mount hugepages: none are needed");
  });

  it("takes sizes, rate and count from the command line before the plan's", () => {
    const [traffic] = sends(
      orderOf("virtio-user-no-huge", {
        sizes: [{ kind: "fixed", frameBytes: 99 }],
        rate: { kind: "max" },
        count: null,
        durationNs: 5e8,
        cases: [2],
      }),
    );
    expect(traffic).toMatchObject({
      sizes: [{ frameBytes: 99 }],
      rate: { kind: "max" },
      count: null,
      durationNs: 5e8,
      queues: 2,
    });
    expect(traffic.port).toBe("virtio-user:/tmp/run/gen.sock,queues=2");
  });

  it("refuses a case that the plan does not have", () => {
    expect(() => planSteps(orderOf("virtio-user-no-huge", { cases: [3] }), facts)).toThrow(/no case 3/);
  });

  it("posts as many buffers as the ring has slots: testpmd's own default is 512", () => {
    const [vhost, container] = launches(orderOf("virtio-user-no-huge"));
    const rings = (argv: readonly string[]): string[] => argv.filter((word) => /^--[rt]xd=/.test(word));
    expect(rings(commandLine(container.description, null))).toEqual(["--rxd=1024", "--txd=1024"]);
    expect(rings(commandLine(vhost.description, null))).toEqual([]);
  });

  it("names the sockets that each side makes, by who listens", () => {
    const [vhost, container] = launches(orderOf("virtio-user-server-mode-reconnect"));
    expect(vhost.sockets).toEqual(["/tmp/run/gen.sock"]);
    expect(container.sockets).toEqual(["/tmp/run/vhost-net"]);
  });

  it("asks for the ten virtio paths by DPDK's own names", () => {
    const variants = launches(orderOf("virtio-paths")).flatMap(({ description }) =>
      description.vdevs.flatMap((vdev) => (vdev.kind === "virtio_user" ? [vdev.variant] : [])),
    );
    expect(new Set(variants).size).toBe(10);
    expect(variants).not.toContain(null);
  });
});

describe("a frame's way", () => {
  it("leads over both ports of the host, the container, and back", () => {
    const { devices } = orderOf("virtio-user-container-networking").plan.cases[0];
    const way = pathOf(devices, "gen.sock");
    expect(way.map(({ name, device, rxPort, txPort }) => [name, device, rxPort, txPort])).toEqual([
      ["host>", "vhost", 0, 1],
      ["container", "container", 0, 0],
      ["host<", "vhost", 1, 0],
    ]);
    expect(portsOnPath(way)).toEqual([
      { device: "vhost", port: 0, rx: "sent", tx: "received" },
      { device: "vhost", port: 1, rx: "received", tx: "sent" },
      { device: "container", port: 0, rx: "sent", tx: "received" },
    ]);
  });

  it("is found whichever of the ports is the generator's", () => {
    const { devices } = orderOf("loopback-multi-queues").plan.cases[2];
    expect(pathOf(devices, "gen.sock").map(({ rxPort, txPort }) => [rxPort, txPort])).toEqual([
      [1, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  it("is none where a socket leads nowhere", () => {
    const { devices } = orderOf("virtio-user-no-huge").plan.cases[0];
    expect(pathOf([devices[0]], "gen.sock")).toEqual([]);
    expect(pathOf(devices, "nowhere")).toEqual([]);
  });
});
