/** ARP and neighbour discovery frames are answered byte for byte. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerTo, type Host, mayConcernHost, questionFor, toldBy } from "../../../src/engine/neighbour/frames.js";
import {
  buildFrame,
  dissect,
  ethernet,
  formatMac,
  headersBytes,
  icmpEcho,
  icmpv6Echo,
  ipv4,
  ipv6,
  neighbourSolicitation,
  parseIpv4,
  parseIpv6,
  parseMac,
} from "../../../src/packet/index.js";

const host: Host = {
  mac: parseMac("02:00:00:00:00:01"),
  ipv4: [parseIpv4("198.18.0.2")],
  ipv6: [parseIpv6("2001:2::2")],
  vlan: null,
};
const router: Host = {
  mac: parseMac("02:00:00:00:00:99"),
  ipv4: [parseIpv4("198.18.0.1")],
  ipv6: [parseIpv6("2001:2::1")],
  vlan: null,
};
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
const hexOf = (frame: Uint8Array | null): string => (frame === null ? "nothing" : Buffer.from(frame).toString("hex"));
const concerns = (frame: Uint8Array): boolean => mayConcernHost(new DataView(frame.buffer), 0, frame.length);

/** Who has 198.18.0.2? Tell 198.18.0.1. As RFC 826 has it, padded to the least frame. */
const arpRequest = bytesOf(
  `ffffffffffff 020000000099 0806 0001 0800 06 04 0001 020000000099 c6120001 000000000000 c6120002 ${"00".repeat(18)}`,
);
const arpReply = bytesOf(
  `020000000099 020000000001 0806 0001 0800 06 04 0002 020000000001 c6120002 020000000099 c6120001 ${"00".repeat(18)}`,
);

describe("questions are answered", () => {
  it("ARP, byte for byte", () => {
    expect(concerns(arpRequest)).toBe(true);
    expect(hexOf(answerTo(arpRequest, host))).toBe(hexOf(arpReply));
    expect(hexOf(questionFor(parseIpv4("198.18.0.2"), parseIpv4("198.18.0.1"), router))).toBe(hexOf(arpRequest));
    expect(formatMac(toldBy(arpReply, parseIpv4("198.18.0.2"))!)).toBe("02:00:00:00:00:01");
  });

  it("ARP in a VLAN, in the same VLAN", () => {
    const tagged = questionFor(parseIpv4("198.18.0.2"), parseIpv4("198.18.0.1"), { ...router, vlan: 100 });
    expect(hexOf(tagged).slice(24, 36)).toBe("810000640806");
    expect(concerns(tagged)).toBe(true);
    const answer = answerTo(tagged, host);
    expect(hexOf(answer).slice(0, 36)).toBe("020000000099020000000001810000640806");
    expect(formatMac(toldBy(answer!, parseIpv4("198.18.0.2"))!)).toBe("02:00:00:00:00:01");
  });

  it("not for somebody else's address, and no answers are answered", () => {
    const other = arpRequest.slice();
    other[41] = 3;
    expect(answerTo(other, host)).toBeNull();
    expect(answerTo(arpReply, { ...host, ipv4: [parseIpv4("198.18.0.1")] })).toBeNull();
    expect(toldBy(arpReply, parseIpv4("198.18.0.7"))).toBeNull();
  });

  it("neighbour solicitations (RFC 4861 §7.2.4), with a right checksum", () => {
    const question = questionFor(parseIpv6("2001:2::2"), parseIpv6("2001:2::1"), router);
    expect(hexOf(question).slice(0, 28)).toBe("3333ff00000202000000009986dd");
    expect(concerns(question)).toBe(true);
    const answer = answerTo(question, host)!;
    expect(hexOf(answer)).toBe(
      hexOf(
        bytesOf(
          `020000000099 020000000001 86dd 60000000 0020 3a ff
           20010002000000000000000000000002 20010002000000000000000000000001
           88 00 b394 60000000 20010002000000000000000000000002 0201 020000000001`,
        ),
      ),
    );
    expect(dissect(answer).faults).toEqual([]);
    expect(formatMac(toldBy(answer, parseIpv6("2001:2::2"))!)).toBe("02:00:00:00:00:01");
  });

  it("whoever looks for a double of its address hears it through all nodes", () => {
    const target = parseIpv6("2001:2::2");
    const layers = [
      ethernet({ dst: parseMac("33:33:ff:00:00:02"), src: router.mac }),
      ipv6({ src: parseIpv6("::"), dst: parseIpv6("ff02::1:ff00:2"), hopLimit: 255 }),
      neighbourSolicitation({ target }),
    ];
    const answer = answerTo(buildFrame(layers, headersBytes(layers), new Uint8Array(0)), host)!;
    expect(hexOf(answer).slice(0, 12)).toBe("333300000001");
    expect(hexOf(answer).slice(76, 108)).toBe("ff020000000000000000000000000001");
    // Override, but not solicited.
    expect(hexOf(answer).slice(116, 124)).toBe("20000000");
  });

  it("solicitations from beyond a router are not answered", () => {
    const layers = [
      ethernet({ dst: host.mac, src: router.mac }),
      ipv6({ src: parseIpv6("2001:2::1"), dst: parseIpv6("2001:2::2"), hopLimit: 254 }),
      neighbourSolicitation({ target: parseIpv6("2001:2::2") }),
    ];
    expect(answerTo(buildFrame(layers, headersBytes(layers), new Uint8Array(0)), host)).toBeNull();
  });

  it("echo requests, with the same data", () => {
    const data = Uint8Array.from({ length: 56 }, (_, i) => i);
    const echo = { identifier: 0xabcd, sequence: 7 };
    const link = ethernet({ dst: host.mac, src: router.mac });
    for (const layers of [
      [link, ipv4({ src: router.ipv4[0]!, dst: host.ipv4[0]! }), icmpEcho(echo)],
      [link, ipv6({ src: router.ipv6[0]!, dst: host.ipv6[0]! }), icmpv6Echo(echo)],
    ]) {
      const question = buildFrame(layers, headersBytes(layers) + data.length, data);
      const answer = answerTo(question, host)!;
      expect(answer.length).toBe(question.length);
      const { layers: answered, payload, faults } = dissect(answer);
      expect(faults).toEqual([]);
      expect(answered.at(-1)?.header).toMatchObject({ rest: 0xabcd0007 });
      expect([0, 129]).toContain((answered.at(-1)!.header as { type: number }).type);
      expect(answer.slice(payload.start, payload.end)).toEqual(data);
      expect(answerTo(answer, router)).toBeNull();
    }
  });

  it("a damaged question is none, and no bytes at all throw", () => {
    const question = questionFor(parseIpv6("2001:2::2"), parseIpv6("2001:2::1"), router);
    question[60]! ^= 1;
    expect(answerTo(question, host)).toBeNull();
    const starts = [arpRequest, question, questionFor(parseIpv6("2001:2::2"), parseIpv6("2001:2::1"), router)];
    fc.assert(
      fc.property(fc.constantFrom(...starts), fc.nat(90), fc.nat(255), fc.nat(100), (start, at, value, length) => {
        const frame = start.slice(0, length);
        if (at < frame.length) frame[at] = value;
        concerns(frame);
        answerTo(frame, host);
        toldBy(frame, host.ipv4[0]!);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (frame) => {
        mayConcernHost(new DataView(frame.buffer, frame.byteOffset, frame.length), 0, frame.length);
        answerTo(frame, host);
      }),
    );
  });
});
