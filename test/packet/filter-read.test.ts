/**
 * Frames that we once read otherwise than Wireshark, most of them cut inside of a header: it decides how many bytes a
 * field wants. filter-tshark.test.ts asks it.
 */
import { expect, it } from "vitest";
import { parseFilter } from "../../src/packet/filter.js";
import { FoundHeaders, headerKind } from "../../src/packet/found-headers.js";
import { walkHeaders } from "../../src/packet/header-walk.js";
import { buildFrame, headersBytes, mpls } from "../../src/packet/index.js";
import { vectors } from "./vectors.js";

const headers = new FoundHeaders();
/** Does the golden frame of this name have the field when so many of its bytes were captured? */
function has(field: string, name: string, captured: number): boolean {
  const { hex } = vectors.find((vector) => vector.name === name)!;
  const bytes = new Uint8Array(Buffer.from(hex, "hex"));
  const view = new DataView(bytes.buffer);
  walkHeaders(headers, view, 0, captured, bytes.length);
  return parseFilter(
    field,
    "--filter",
  )({
    view,
    headers,
    number: 1,
    wireBytes: bytes.length,
    capturedBytes: captured,
    relativeNs: 0,
    interfaceId: 0,
  });
}

it.each([
  ["lldp", "LLDP", 14],
  ["arp", "ARP request", 14 + 2],
  ["llc", "802.3 with SNAP", 14 + 1],
  ["vlan", "VXLAN over IPv6 without outer checksum", 84 + 2],
  ["ieee8021ad", "QinQ", 14 + 2],
  ["ieee8021ad.id", "QinQ", 14 + 4],
  ["ipv6", "ICMPv6 echo request", 14],
  ["ipv6", "6in4", 34],
  ["ipv6.plen", "ICMPv6 echo request", 14 + 7],
  ["icmpv6", "ICMPv6 echo request", 54],
  ["icmpv6.type == 128", "ICMPv6 echo request", 54 + 1],
  ["ip.flags.df == 0", "SCTP INIT", 14 + 8],
  ["ppp", "PPPoE session, compressed protocol", 20 + 2],
  ["udp.srcport", "GRE with Ethernet", 96 + 4],
  ["tcp.srcport", "TCP data over IPv6", 54 + 4],
  ["tcp.flags.ack == 1", "TCP data over IPv6", 54 + 16],
  ["tcp.hdr_len == 20", "TCP data over IPv6", 54 + 16],
  ["tcp.len == 7", "TCP data over IPv6", 54 + 16],
  ["sctp", "SCTP INIT", 34 + 12],
  ["sctp.srcport", "SCTP INIT", 34 + 12],
  ["vxlan", "VXLAN", 42 + 1],
  ["vxlan.vni == 0x123456", "VXLAN", 42 + 7],
  ["geneve", "Geneve with an option", 42 + 1],
  ["geneve.vni == 0xabcdef", "Geneve with an option", 42 + 7],
  ["gtp", "GTP-U", 42 + 2],
])("%s is in the frame %j from %i bytes on", (field, name, captured) => {
  expect([has(field, name, captured - 1), has(field, name, captured)]).toEqual([false, true]);
});

it("has no IPv6 in an IPv4 packet that ends behind its header", () => {
  const bytes = new Uint8Array(Buffer.from(vectors.find(({ name }) => name === "6in4")!.hex, "hex")).slice(0, 34);
  walkHeaders(headers, new DataView(bytes.buffer), 0, 34, 34);
  expect(headers.count).toBe(2);
});

it.each([
  [12, true],
  [13, false],
  [14, false],
  [15, true],
])("behind MPLS label %i is a packet: %s", (label, isPacket) => {
  const { layers } = vectors.find(({ name }) => name === "MPLS with IPv6")!;
  const stack = [layers[0]!, mpls({ label }), ...layers.slice(2)];
  const frame = buildFrame(stack, headersBytes(stack));
  walkHeaders(headers, new DataView(frame.buffer), 0, frame.length, frame.length);
  expect(headers.kinds.subarray(0, headers.count).includes(headerKind.ipv6)).toBe(isPacket);
});

it("takes two 802.1ad tags for one header from the second one's type on", () => {
  const frame = new Uint8Array(
    Buffer.from("020000000002020000000001 88a80064 88a80009 0800".replaceAll(" ", ""), "hex"),
  );
  const kinds = [17, 18, 19].map((captured) => {
    walkHeaders(headers, new DataView(frame.buffer), 0, captured, frame.length);
    return [...headers.kinds.subarray(0, headers.count)];
  });
  expect(kinds).toEqual([
    [0, 2],
    [0, 3],
    [0, 3],
  ]);
});
