/** The contract of ports, run for every kind of port. */
import { join } from "node:path";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { ip, makeNetns, vethPair } from "../support/netns.js";
import { openPair, temporaryFolder } from "../support/rings-cross.js";
import { type Link, type PortCase, type PortEnds, portContract } from "./port.js";

/** What can happen to an interface. */
const linkOf = (netns: string, name: string): Link => ({
  name,
  down: () => void ip(netns, "link", "set", "dev", name, "down"),
  up: () => void ip(netns, "link", "set", "dev", name, "up"),
  remove: () => void ip(netns, "link", "del", "dev", name),
});

/** A driver and a device over one socket. */
const vhostUser = (ring: "split" | "packed"): PortCase => ({
  name: `virtio-user and vhost, ${ring} rings`,
  needs: [],
  queues: 4,
  longest: 1514,
  except: {
    "goes on where": "a device side's rings say where they start, and its port says it anew whenever workers stood",
  },
  async open({ queues }): Promise<PortEnds> {
    const folder = temporaryFolder();
    const both = `,queues=${queues},ring=${ring},size=256`;
    const { driver, device } = await openPair({ path: join(folder.path, "s"), driverListens: false, both });
    return {
      a: driver,
      b: device,
      async [Symbol.asyncDispose]() {
        await driver[Symbol.asyncDispose]();
        await device[Symbol.asyncDispose]();
        folder[Symbol.dispose]();
      },
    };
  },
});

/** Both ends of a veth pair, in two namespaces. */
const onVeth = (kind: string, options: string): PortCase => ({
  name: `${kind} on a veth pair${options}`,
  needs: ["netns"],
  onLink: true,
  receivesOn: kind === "packet" || kind === "xdp",
  queues: 2,
  longest: 1514,
  async open({ queues }): Promise<PortEnds> {
    const pair = vethPair({ queues });
    const port = ({ name, netns }: { readonly name: string; readonly netns: string }) =>
      openPort(parsePortSpec(`${kind}:${name},netns=${netns},queues=${queues}${options}`));
    try {
      const [a, b] = [await port(pair.a), await port(pair.b)];
      return {
        a,
        b,
        link: linkOf(pair.a.netns, pair.a.name),
        async [Symbol.asyncDispose]() {
          await a[Symbol.asyncDispose]();
          await b[Symbol.asyncDispose]();
          pair[Symbol.dispose]();
        },
      };
    } catch (error) {
      pair[Symbol.dispose]();
      throw error;
    }
  },
});

/** Two taps of one namespace, joined by a bridge. */
const onTaps = (io: string): PortCase => ({
  name: `tap, ${io}`,
  needs: ["netns", "tun"],
  onLink: true,
  queues: 2,
  longest: 1514,
  async open({ queues }): Promise<PortEnds> {
    const netns = makeNetns();
    const port = (name: string) => openPort(parsePortSpec(`tap:${name},netns=${netns.name},queues=${queues},io=${io}`));
    try {
      const [a, b] = [await port("a"), await port("b")];
      ip(netns.name, "link", "add", "bridge", "up", "type", "bridge", "mcast_snooping", "0");
      for (const name of ["a", "b"]) ip(netns.name, "link", "set", "dev", name, "master", "bridge");
      return {
        a,
        b,
        link: linkOf(netns.name, "a"),
        async [Symbol.asyncDispose]() {
          await a[Symbol.asyncDispose]();
          await b[Symbol.asyncDispose]();
          netns[Symbol.dispose]();
        },
      };
    } catch (error) {
      netns[Symbol.dispose]();
      throw error;
    }
  },
});

portContract(vhostUser("split"));
portContract(vhostUser("packed"));
portContract(onVeth("packet", ",size=1000"));
portContract(onVeth("packet", ",tx=ring,qdisc=on,timestamp=kernel,fanout=rnd,tx_size=5,size=64"));
portContract(onTaps("io_uring"));
portContract(onTaps("calls"));
portContract(onVeth("xdp", ""));
portContract(onVeth("xdp", ",mode=skb,size=64"));
