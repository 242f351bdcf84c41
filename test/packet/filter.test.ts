/** Filters are parsed and hold for the right frames. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { parseFilter } from "../../src/packet/filter.js";
import { FoundHeaders } from "../../src/packet/found-headers.js";
import { walkHeaders } from "../../src/packet/header-walk.js";
import { buildFrame, ethernet, ipv4, ipv6, parseIpv4, parseIpv6, parseMac, udp, vlan } from "../../src/packet/index.js";

const mac = (text: string) => parseMac(text, "");
const eth = ethernet({ dst: mac("02:00:00:00:00:02"), src: mac("02:00:00:00:00:01") });
const ip = ipv4({ src: parseIpv4("198.18.0.1", ""), dst: parseIpv4("198.18.1.2", ""), ttl: 17 });
const ip6 = ipv6({ src: parseIpv6("2001:2::1", ""), dst: parseIpv6("2001:2::2", "") });
const ports = udp({ srcPort: 1024, dstPort: 53 });
const payload = new Uint8Array(18).fill(7);

const frames = {
  udp4: buildFrame([eth, ip, ports], 60, payload),
  tagged: buildFrame([eth, vlan({ id: 100, priority: 5 }), ip, ports], 64, payload),
  udp6: buildFrame([eth, ip6, ports], 80, payload),
  short: new Uint8Array(10),
};

const headers = new FoundHeaders();
function passes(expression: string, frame: Uint8Array): boolean {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  walkHeaders(headers, view, 0, frame.length, frame.length);
  return parseFilter(
    expression,
    "--filter",
  )({
    view,
    headers,
    number: 3,
    wireBytes: frame.length + 4,
    capturedBytes: frame.length,
    relativeNs: 250_000_000,
    interfaceId: 1,
  });
}

describe("a filter", () => {
  it.each<[string, keyof typeof frames, boolean]>([
    ["ip.src == 198.18.0.1 && udp.dstport in {53,123}", "udp4", true],
    ["ip.src == 198.18.0.1 && udp.dstport in {54, 123}", "udp4", false],
    ["udp.dstport in {50..55}", "udp4", true],
    ["ip.src in {198.18.0.0..198.18.0.255}", "udp4", true],
    ["ip.src in {198.18.0.0, 198.18.0.2..198.18.0.255}", "udp4", false],
    ["ip.dst in {198.18.0.0..198.18.1.2}", "udp4", true],
    ["ipv6.src in {2001:2::..2001:2::ff}", "udp6", true],
    ["ipv6.src in {2001:2::2..2001:2::ff}", "udp6", false],
    ["eth.src in {02:00:00:00:00:00..02:00:00:00:00:ff}", "udp4", true],
    ["eth.src in {02:00:00:00:00:02..02:00:00:00:00:ff}", "udp4", false],
    ["eth.type == 0x8100 && vlan.etype == 0x0800", "tagged", true],
    ["eth.type == 0x0800", "tagged", false],
    ["frame.interface_id", "udp4", true],
    ["frame.time_relative == 0.25", "udp4", true],
    ["udp.port == 1024 and udp.port == 53", "udp4", true],
    ["udp.port != 53", "udp4", false],
    ["udp.srcport > 1023 and udp.srcport < 1025", "udp4", true],
    ["ip.addr == 198.18.1.0/24", "udp4", true],
    ["ip.src == 198.18.1.0/24", "udp4", false],
    ["!ip or ip.ttl <= 0x11", "udp4", true],
    ["not (ip && udp)", "udp4", false],
    ["vlan", "udp4", false],
    ["vlan.id == 100 && udp.dstport == 53 && ip", "tagged", true],
    ["ip.src == 198.18.0.1", "udp6", false],
    ["ip.src != 198.18.0.1", "udp6", false],
    ["ipv6.dst == 2001:2::/48 && udp", "udp6", true],
    ["ipv6.src == 2001:2::1 && ipv6.hlim >= 1", "udp6", true],
    ["eth.src == 02:00:00:00:00:01", "short", false],
    ["eth.addr == 02:00:00:00:00:02", "udp4", true],
    ["eth.type == 0x86dd", "udp6", true],
    ["frame.time_relative < 0.5 && frame.interface_id == 1", "short", true],
    ["tcp || icmp || arp", "udp4", false],
  ])("%s on %s: %s", (text, name, expected) => {
    expect(passes(text, frames[name])).toBe(expected);
  });

  it.each([
    ["", 1, "ends too early"],
    ["ip.scr == 198.18.0.1", 1, 'unknown field "ip.scr"'],
    ["ip.src == 198.18.0", 11, '"198.18.0" is no value of ip.src'],
    ["ip.src = 198.18.0.1", 8, 'what is "="?'],
    ["udp.dstport in {53,", 20, "a value for udp.dstport is missing"],
    ["udp.dstport in 53", 16, "a set begins with {"],
    ["(udp", 5, "closing parenthesis"],
    ["udp)", 4, "not expected here"],
    ["ip.src < 198.18.0.0/24", 10, "a prefix is neither less nor greater"],
    ["ip.src in {198.18.0.0/24..198.18.1.0}", 27, "a range has no prefixes"],
    ["ip.src in {198.18.0.9..198.18.0.3}", 24, "ends before it begins"],
    ["tcp.flags.syn > 0", 17, "only be equal or not"],
    ["udp.port == 65536", 13, "no value of udp.port"],
    ["vlan.id == 5000", 12, "no value of vlan.id"],
    ["ip.ttl > 300", 10, "no value of ip.ttl"],
    ["udp.dstport in {1..70000}", 20, "no value of udp.dstport"],
    ["tcp.flags.syn == 2", 18, "no value of tcp.flags.syn"],
    ["udp.port == 0123", 13, "no value of udp.port"],
    ["udp == 5", 1, "udp has no value"],
    ["ip.src == 198.18.0.1/33", 11, "no value"],
    ["udp.dstport in {9..3}", 20, "ends before it begins"],
  ])("%j is refused at column %i", (text, column, what) => {
    const refusal = () => parseFilter(text, "--filter");
    expect(refusal).toThrow(PktgenError);
    try {
      refusal();
    } catch (error) {
      expect((error as PktgenError).toLine()).toContain(`--filter: column ${column}: `);
      expect((error as PktgenError).message).toContain(what);
      expect((error as PktgenError).exitCode).toBe(2);
    }
  });

  it("of any text: a filter or a usage error", () => {
    const words = fc.array(
      fc.constantFrom(
        "ip",
        "ip.src",
        "==",
        "198.18.0.1",
        "&&",
        "||",
        "!",
        "(",
        ")",
        "in",
        "{",
        "}",
        "..",
        ",",
        "53",
        "udp.port",
        "<",
      ),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          words.map((all) => all.join(" ")),
          fc.string({ maxLength: 30 }),
        ),
        (text) => {
          try {
            passes(text, frames.udp4);
          } catch (error) {
            expect(error).toBeInstanceOf(PktgenError);
          }
        },
      ),
      { numRuns: 1000 },
    );
    expect(() => parseFilter("(".repeat(10_000), "x")).toThrow(PktgenError);
  });

  it("a frame of nothing but headers in headers is looked at to a bound", () => {
    const ipInIp = new Uint8Array(262_144);
    ipInIp.set([0x08, 0x00], 12);
    for (let at = 14; at + 20 <= ipInIp.length; at += 20) ipInIp.set([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 4], at);
    expect(passes("ip.proto == 4 && !udp", ipInIp)).toBe(true);
    const authentication = ipInIp.slice();
    authentication[14 + 9] = 51;
    authentication.fill(0, 34);
    for (let at = 34; at + 12 <= authentication.length; at += 12) authentication.set([51, 1], at);
    expect(passes("ip.proto == 51 && !udp", authentication)).toBe(true);
  });

  it("on any frame: reads nothing outside of it", () => {
    const filter = parseFilter(
      "udp.port == 5 || tcp.port == 5 || icmp.type == 3 || ipv6.addr == 2001:2::1 || vlan.id == 3 || icmpv6.code == 1",
      "x",
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(frames)),
        fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 5 }),
        fc.nat(70),
        (frame, flips, length) => {
          const bytes = frame.slice(0, length);
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          const view = new DataView(bytes.buffer);
          walkHeaders(headers, view, 0, bytes.length, bytes.length + 7);
          filter({
            view,
            headers,
            number: 1,
            wireBytes: 1,
            capturedBytes: 1,
            relativeNs: 0,
            interfaceId: 0,
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});
