/** Real interfaces in a namespace: what is read of them, and which are refused. */
import { readlinkSync } from "node:fs";
import { expect, it } from "vitest";
import { checkGeneratorInterface } from "../../src/dut/testpmd/generator-interface.js";
import { parseGeneratorSide } from "../../src/dut/testpmd/generator-port.js";
import { kicker } from "../../src/engine/loop/kick.js";
import type { PktgenError } from "../../src/errors.js";
import { checkMayRoute } from "../../src/port/interface.js";
import { RingFault } from "../../src/ring/index.js";
import {
  interfaceDriver,
  interfaceSpeedBps,
  listInterfaces,
  readInterface,
  usableInterface,
} from "../../src/sys/net/netdev.js";
import { inNetns } from "../../src/sys/net/netns.js";
import { whatItCarries } from "../../src/sys/net/routes.js";
import { ip, makeNetns, makeVeth, vethPair } from "../support/netns.js";
import { describeLab } from "../support/probe.js";

const netnsNow = (): string => readlinkSync("/proc/thread-self/ns/net");

const lineOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as PktgenError).exitCode}: ${(error as PktgenError).toLine()}`;
  }
  return "accepted";
};

describeLab("interfaces in a namespace", ["netns"], () => {
  it("are read as ip shows them", () => {
    using pair = vethPair({ mtu: 1600, queues: 2 });
    const { netns, name } = pair.a;
    const shown = JSON.parse(ip(netns, "-j", "-d", "-s", "link", "show", "dev", name))[0];
    const facts = inNetns(netns, "test", () => readInterface(name))!;
    expect(facts).toMatchObject({
      name,
      index: shown.ifindex,
      linkTypeName: "ethernet",
      up: true,
      carrier: true,
      loopback: false,
      promiscuous: false,
      mtu: 1600,
      mac: shown.address,
      kind: "veth",
      txQueues: 2,
      rxQueues: 2,
      master: null,
      link: null,
    });
    expect(facts.statistics.rxPackets).toBe(shown.stats64.rx.packets);
    expect(facts.statistics.txBytes).toBe(shown.stats64.tx.bytes);
    expect(inNetns(netns, "test", () => interfaceDriver(name))).toBe("veth");
    expect(inNetns(netns, "test", () => interfaceSpeedBps(name))).toBe(10e9);
    expect(inNetns(netns, "test", listInterfaces).map((one) => one.name)).toEqual(["lo", name]);
  });

  it("are refused with what is wrong and what to do", () => {
    using netns = makeNetns();
    makeVeth({ netns: netns.name, name: "a" }, { netns: netns.name, name: "b" });
    ip(netns.name, "tuntap", "add", "t0", "mode", "tun");
    const use = (name: string, sendBytes = 60): string =>
      lineOf(() => inNetns(netns.name, "p", () => usableInterface(name, { where: "p", sendBytes })));
    expect(use("a")).toBe("accepted");
    expect(use("a", 1518)).toBe("accepted");
    expect(use("lo")).toBe("accepted");
    expect(use("a", 1519)).toBe(
      "3: p: frames of 1523 bytes do not fit interface a: its MTU is 1500; send at most 1518 bytes, or ip link set a mtu 1505",
    );
    expect(use("c")).toBe("3: p: there is no interface c; accepted: lo, b, a, t0");
    expect(use("interface-of-16b")).toBe(
      '2: p: the interface name "interface-of-16b" has 16 bytes; accepted: at most 15',
    );
    expect(use("a b")).toMatch(/^2: p: "a b" is no interface name/);
    expect(use("t0")).toMatch(/^3: p: t0 is no Ethernet interface: no link layer \(tun\)/);
    ip(netns.name, "link", "set", "dev", "b", "down");
    expect(use("a")).toBe("3: p: interface a has no carrier; set its peer up, too");
    expect(use("b")).toBe("3: p: interface b is down; ip link set b up");
  });

  it("that the machine lives by are named, with what lies below and above them", () => {
    using netns = makeNetns();
    const at = (name: string) => ({ netns: netns.name, name });
    makeVeth(at("a"), at("b"));
    makeVeth(at("c"), at("d"));
    ip(netns.name, "link", "add", "link", "a", "name", "m", "type", "macvlan");
    ip(netns.name, "link", "set", "dev", "m", "up");
    ip(netns.name, "link", "add", "name", "br", "type", "bridge", "mcast_snooping", "0");
    ip(netns.name, "link", "set", "dev", "c", "master", "br");
    ip(netns.name, "link", "set", "dev", "br", "up");
    const carries = (name: string, ssh?: string): string | null =>
      inNetns(netns.name, "test", () => whatItCarries(readInterface(name)!, { SSH_CONNECTION: ssh }));
    expect(carries("a")).toBeNull();
    ip(netns.name, "addr", "add", "198.18.7.1/24", "dev", "m");
    ip(netns.name, "route", "add", "default", "via", "198.18.7.2");
    expect(carries("m")).toBe("carries this machine's default route");
    expect(carries("a")).toBe("carries this machine's default route");
    expect(carries("b")).toBeNull();
    expect(carries("lo")).toBeNull();
    ip(netns.name, "route", "del", "default");
    ip(netns.name, "addr", "add", "198.18.9.1/24", "dev", "br");
    expect(carries("c")).toBeNull();
    expect(carries("c", "198.18.9.9 50000 198.18.9.1 22")).toMatch(/^carries the SSH connection/);
    expect(carries("c", "::ffff:198.18.9.9 50000 198.18.9.1 22")).toMatch(/^carries the SSH connection/);
    expect(carries("a", "198.18.9.9 50000 198.18.9.1 22")).toBeNull();
    expect(carries("b", "fe80::1%b 50000 fe80::2 22")).toMatch(/^carries the SSH connection/);
    expect(carries("a", "198.19.0.1 1 198.19.0.2 22")).toBeNull();
  });
});

describeLab("packets that the kernel routes", ["netns"], () => {
  it("are not sent where there is a default route, unless told to", () => {
    using netns = makeNetns();
    makeVeth({ netns: netns.name, name: "a" }, { netns: netns.name, name: "b" });
    const check = (leave: { readonly sends: boolean; readonly yesThisInterface: boolean }): string => {
      try {
        inNetns(netns.name, "test", () => checkMayRoute("raw:", leave));
        return "may";
      } catch (error) {
        return (error as { toLine(): string }).toLine();
      }
    };
    const asked = { sends: true, yesThisInterface: false };
    expect(check(asked)).toBe("may");
    ip(netns.name, "addr", "add", "198.18.7.1/24", "dev", "a");
    ip(netns.name, "route", "add", "default", "via", "198.18.7.2");
    expect(check(asked)).toBe(
      "raw:: packets go where the kernel routes them, and the default route leaves by a; use netns= with a namespace that has no default route, or say --yes-this-interface",
    );
    expect(check({ ...asked, yesThisInterface: true })).toBe("may");
    expect(check({ ...asked, sends: false })).toBe("may");
  });
});

describeLab("the interface that testpmd opens for the generator", ["netns"], () => {
  it("is there, and is none that the machine lives by", () => {
    using netns = makeNetns();
    makeVeth({ netns: netns.name, name: "a" }, { netns: netns.name, name: "b" });
    const check = (text: string, yes = false): string => {
      try {
        inNetns(netns.name, "test", () => checkGeneratorInterface(parseGeneratorSide(text, "--dut"), yes));
        return "may";
      } catch (error) {
        const { exitCode, toLine } = error as { exitCode: number; toLine: () => string };
        return `${exitCode}: ${toLine.call(error)}`;
      }
    };
    expect(check("af_packet:nosuch0")).toBe(
      "3: --dut testpmd,port=af_packet:nosuch0: there is no interface nosuch0; accepted: lo, b, a",
    );
    expect(check("af_xdp:nosuch0")).toMatch(/^3: .*there is no interface nosuch0/);
    for (const side of ["vhost", "tap:new0", "af_packet:a", "af_xdp:a", "tap:a", "pci:0000:ff:1f.7"]) {
      expect(check(side)).toBe("may");
    }
    ip(netns.name, "addr", "add", "198.18.7.1/24", "dev", "a");
    ip(netns.name, "route", "add", "default", "via", "198.18.7.2");
    for (const kind of ["af_packet", "af_xdp", "tap"]) {
      expect(check(`${kind}:a`)).toMatch(/^2: .*interface a carries this machine's default route/);
      expect(check(`${kind}:a`, true)).toBe("may");
    }
    expect(check("af_packet:b")).toBe("may");
  });
});

describeLab("inNetns", ["netns"], () => {
  it("comes back, also from an error", () => {
    using netns = makeNetns();
    const home = netnsNow();
    const there = inNetns(netns.name, "test", netnsNow);
    expect(there).not.toBe(home);
    expect(netnsNow()).toBe(home);
    expect(inNetns(`/var/run/netns/${netns.name}`, "test", netnsNow)).toBe(there);
    expect(inNetns(null, "test", netnsNow)).toBe(home);
    expect(() => inNetns(netns.name, "test", () => JSON.parse("{"))).toThrow(SyntaxError);
    expect(netnsNow()).toBe(home);
  });

  it("says what is wrong with a namespace", () => {
    expect(lineOf(() => inNetns("no-such", "p", () => 1))).toBe(
      '3: p: there is no network namespace "no-such" (no /var/run/netns/no-such); see `ip netns list`',
    );
    expect(lineOf(() => inNetns("/proc/self/status", "p", () => 1))).toBe(
      "3: p: /proc/self/status is no network namespace",
    );
    expect(lineOf(() => inNetns("/proc/self/ns/mnt", "p", () => 1))).toMatch(/is no network namespace$/);
  });
});

describeLab("a kick by sendto", ["netns"], () => {
  it("is a fault of the ring where the descriptor is none", () => {
    expect(kicker({ kind: "sendto", fd: -1, name: "a" })).toThrow(RingFault);
    expect(kicker({ kind: "sendto", fd: -1, name: "a" })).toThrow(/interface a went down or was removed \(EBADF\)/);
  });
});
