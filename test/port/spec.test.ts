/** Port specifications are read, and mistakes are named. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PktgenError } from "../../src/errors.js";
import { parsePortSpec, portKinds } from "../../src/port/index.js";

const kinds = portKinds.map(({ name }) => name).join(", ");

const lineOf = (text: string): string => {
  try {
    parsePortSpec(text);
  } catch (error) {
    expect(error).toMatchObject({ name: "PktgenError", exitCode: 2, where: text });
    return (error as PktgenError).toLine();
  }
  return "accepted";
};

describe("parsePortSpec", () => {
  it("fills in the defaults of a driver, of a device, of null", () => {
    expect(parsePortSpec("virtio-user:/tmp/s")).toEqual({
      text: "virtio-user:/tmp/s",
      kind: "virtio-user",
      path: "/tmp/s",
      server: false,
      queues: 1,
      ring: "auto",
      size: 1024,
      mergeable: false,
      inOrder: true,
    });
    expect(parsePortSpec("vhost:/tmp/s")).toMatchObject({
      kind: "vhost",
      server: true,
      mergeable: false,
      inOrder: false,
    });
    expect(parsePortSpec("packet:eth1")).toEqual({
      text: "packet:eth1",
      kind: "packet",
      name: "eth1",
      netns: null,
      queues: 1,
      size: 4096,
      tx: "calls",
      txSize: 256,
      qdisc: "bypass",
      fanout: "hash",
      timestamp: "off",
    });
    expect(parsePortSpec("packet:eth1,netns=lab,fanout=lb,queues=2")).toMatchObject({ netns: "lab", fanout: "lb" });
    expect(parsePortSpec("xdp:eth1")).toEqual({
      text: "xdp:eth1",
      kind: "xdp",
      name: "eth1",
      netns: null,
      queues: 1,
      size: 4096,
      mode: "auto",
      tx: "ring",
      batch: 64,
    });
    expect(lineOf("xdp:eth1,batch=257")).toContain('batch is "257"; accepted: 1 to 256');
    expect(lineOf("xdp:eth1,size=100")).toContain("size is 100, which is not a power of two");
    expect(lineOf("xdp:eth1,mode=zero")).toContain('mode is "zero"; accepted: auto, zerocopy, copy or skb');
    expect(lineOf("xdp:a-name-too-long0")).toContain('"a-name-too-long0" has 16 bytes; accepted: at most 15');
    expect(parsePortSpec("null:")).toEqual({ text: "null:", kind: "null", queues: 1, size: 1024 });
  });

  it("takes every option", () => {
    const text = "vhost:./s,server=off,queues=8,ring=packed,size=255,mrg_rxbuf=on,in_order=on";
    expect(parsePortSpec(text)).toEqual({
      text,
      kind: "vhost",
      path: "./s",
      server: false,
      queues: 8,
      ring: "packed",
      size: 255,
      mergeable: true,
      inOrder: true,
    });
    expect(parsePortSpec("null:,queues=2,size=64")).toMatchObject({ queues: 2, size: 64 });
  });

  it("takes colons, equal signs, backslashes and escaped commas in a path", () => {
    expect(parsePortSpec("virtio-user:a:b=c\\,d\\e,queues=2")).toMatchObject({ path: "a:b=c,d\\e", queues: 2 });
  });

  it.each([
    ["vhots:/s", `unknown port kind "vhots"; accepted: ${kinds}; did you mean vhost?`],
    ["dpdk:/s", `unknown port kind "dpdk"; accepted: ${kinds}`],
    ["packet:", "the name of the interface is missing; accepted: packet:IFACE[,option=value…]"],
    ["packet:interface-of-16b", 'the interface name "interface-of-16b" has 16 bytes; accepted: at most 15'],
    ["packet:a/b", '"a/b" is no interface name; accepted: 1 to 15 bytes without slashes, colons and blanks'],
    ["packet:a,fanout=all", 'fanout is "all"; accepted: hash, lb, cpu, rnd or qm'],
    ["packet:a,qdisc=off", 'qdisc is "off"; accepted: bypass or on'],
    ["packet:a,timestamp=on", 'timestamp is "on"; accepted: off, kernel or hardware'],
    ["packet:a,size=0", 'size is "0"; accepted: 4 to 32768'],
    ["vhost", "the colon after the port's kind is missing; accepted: vhost:PATH"],
    ["vhost:", "the path of the socket is missing; accepted: vhost:PATH[,option=value…]"],
    ["vhost:,queues=2", "the path of the socket is missing; accepted: vhost:PATH[,option=value…]"],
    ["null:eth0", 'a null port has no target, but "eth0" is given; accepted: null:'],
    [
      "vhost:/s,quues=2",
      'unknown option "quues" of a vhost port; accepted: server, queues, ring, size, mrg_rxbuf, in_order; did you mean queues?',
    ],
    ["vhost:/s,", 'unknown option "" of a vhost port; accepted: server, queues, ring, size, mrg_rxbuf, in_order'],
    ["vhost:/s,queues", "queues has no value; accepted: 1 to 8"],
    ["vhost:/s,queues=0", 'queues is "0"; accepted: 1 to 8'],
    ["vhost:/s,queues=9", 'queues is "9"; accepted: 1 to 8'],
    ["vhost:/s,queues=two", 'queues is "two"; accepted: 1 to 8'],
    ["vhost:/s,queues=1,queues=2", "queues is given twice; accepted: 1 to 8"],
    ["vhost:/s,server=yes", 'server is "yes"; accepted: on or off'],
    ["vhost:/s,ring=Packed", 'ring is "Packed"; accepted: auto, split or packed'],
    ["vhost:/s,size=2", 'size is "2"; accepted: 4 to 32768, a power of two unless ring=packed'],
    [
      "vhost:/s,size=1000",
      "size is 1000, which is not a power of two; accepted: 4 to 32768, a power of two unless ring=packed",
    ],
    ["tap:interface-of-16b", 'the interface name "interface-of-16b" has 16 bytes; accepted: at most 15'],
    ["tap:", "the name of the interface is missing; accepted: tap:NAME[,option=value…]"],
    ["tap:t%d", '"t%d" has a % in it; accepted: the interface\'s whole name'],
    ["tap:t0,io=fast", 'io is "fast"; accepted: auto, io_uring or calls'],
    ["null:,size=1000", "size is 1000, which is not a power of two; accepted: 4 to 32768, a power of two"],
  ])("refuses %s", (text, what) => {
    expect(lineOf(text)).toBe(`${text}: ${what}`);
  });

  it("throws nothing but its own error, whatever it is given", () => {
    const word = fc.constantFrom(
      ...portKinds.map(({ name }) => name),
      "queues",
      "size",
      "=",
      ",",
      "\\,",
      ":",
      "on",
      "4",
      "x",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word).map((words) => words.join("")),
        ),
        (text) => {
          lineOf(text);
        },
      ),
    );
  });
});

describe("portKinds", () => {
  it.each(portKinds)("$name takes its own defaults when they are written out", ({ name, target, options }) => {
    const short = `${name}:${target}`;
    const long = [short, ...options.map((option) => `${option.name}=${option.default}`)].join(",");
    expect({ ...parsePortSpec(long), text: "" }).toEqual({ ...parsePortSpec(short), text: "" });
  });
});
