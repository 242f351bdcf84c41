/** Headers of transports and tunnels, and those that are bits alone. */
import { type GtpuExtension, gre, gtpu, mpls, tcp, udp, vxlan } from "../../packet/index.js";
import { type FirstValues, filler, type HeaderForm, only, rows, slot } from "./header-form.js";

export const tcpForm: HeaderForm = {
  computed: ["data_offset"],
  slots: () => [
    ...rows(["src_port", 16], ["dst_port", 16], ["seq_num", 32], ["ack_num", 32], ["data_offset", 4]),
    filler(3),
    ...rows(["ecn_ns", 1], ["ecn_cwr", 1], ["ecn_echo", 1], ["ctl_urg", 1], ["ctl_ack", 1], ["ctl_psh", 1]),
    ...rows(["ctl_rst", 1], ["ctl_syn", 1], ["ctl_fin", 1], ["window", 16], ["checksum", 16]),
    filler(16),
  ],
  layer: (first) =>
    tcp({
      ...{ srcPort: first.number("src_port")!, dstPort: first.number("dst_port")!, window: first.number("window")! },
      ...{ sequence: first.number("seq_num")!, acknowledgment: first.number("ack_num")! },
      reserved: first.number("ecn_ns")!,
      flags: ["ecn_cwr", "ecn_echo", "ctl_urg", "ctl_ack", "ctl_psh", "ctl_rst", "ctl_syn", "ctl_fin"].reduce(
        (flags, path) => flags * 2 + first.number(path)!,
        0,
      ),
    }),
};

export const udpForm: HeaderForm = {
  computed: ["length"],
  slots: () => rows(["src_port", 16], ["dst_port", 16], ["length", 16], ["checksum", 16]),
  layer: (first) => udp({ srcPort: first.number("src_port")!, dstPort: first.number("dst_port")! }),
};

export const vxlanForm: HeaderForm = {
  slots: () => rows(["flags", 8], ["reserved0", 24], ["vni", 24], ["reserved1", 8]),
  layer: (first) =>
    vxlan({
      flags: first.number("flags")!,
      reserved: first.number("reserved0")!,
      vni: first.number("vni") ?? 0,
      reserved2: first.number("reserved1")!,
    }),
};

export const greForm: HeaderForm = {
  shapes: ["checksum_present"],
  slots: (given) => [
    ...rows(["checksum_present", 1], ["reserved0", 12], ["version", 3], ["protocol", 16]),
    ...(hasGreChecksum(given) ? rows(["checksum", 16], ["reserved1", 16]) : []),
  ],
  layer: (first, given) =>
    gre(only({ checksummed: hasGreChecksum(given), etherType: first.number("protocol") }) as Parameters<typeof gre>[0]),
  next: "protocol",
};

function hasGreChecksum({ checksum_present: present }: Readonly<Record<string, unknown>>): boolean {
  const pattern = present as { readonly choice?: string; readonly value?: number } | undefined;
  return pattern?.choice === "value" && pattern.value === 1;
}

/** RFC 3032 §2.1 */
const firstFreeLabel = 16;

export const mplsForm: HeaderForm = {
  slots: () => rows(["label", 20], ["traffic_class", 3], ["bottom_of_stack", 1], ["time_to_live", 8]),
  layer: (first) =>
    mpls({
      label: first.number("label") ?? firstFreeLabel,
      trafficClass: first.number("traffic_class")!,
      ttl: first.number("time_to_live")!,
    }),
};

const isSet = (given: Readonly<Record<string, unknown>>, name: string): boolean => {
  const pattern = given[name] as { readonly choice?: string; readonly value?: number } | undefined;
  return pattern !== undefined && pattern.choice === "value" && pattern.value === 1;
};

/** Sequence, N-PDU and next type are there if any of the flags is (3GPP TS 29.281 §5.1). */
const hasGtpOptions = (given: Readonly<Record<string, unknown>>): boolean =>
  gtpFlags.some((name) => isSet(given, name)) || extensionsOf(given) > 0;

const extensionsOf = ({ extension_headers: headers }: Readonly<Record<string, unknown>>): number =>
  (headers as readonly unknown[] | undefined)?.length ?? 0;

const extensionAt = (k: number, field: string): string => `extension_headers[${k}].${field}`;

/** The type of each is in what is before it. The models' extensions have six bytes of content. */
const extensionsIn = (first: FirstValues, count: number): readonly GtpuExtension[] =>
  Array.from({ length: count }, (_, k) => ({
    type: first.number(k === 0 ? "next_extension_header_type" : extensionAt(k - 1, "next_extension_header"))!,
    content: first.bytes(extensionAt(k, "contents"))!,
  }));

const gtpFlags = ["e_flag", "s_flag", "pn_flag"];
/** What has a packet behind it. */
const gPdu = 255;

export const gtpv1Form: HeaderForm = {
  computed: ["message_length", "extension_headers[].extension_length"],
  shapes: gtpFlags,
  slots: (given) => [
    ...rows(["version", 3], ["protocol_type", 1], ["reserved", 1], ["e_flag", 1], ["s_flag", 1], ["pn_flag", 1]),
    ...rows(["message_type", 8], ["message_length", 16], ["teid", 32]),
    ...(hasGtpOptions(given)
      ? rows(["squence_number", 16], ["n_pdu_number", 8], ["next_extension_header_type", 8])
      : []),
    ...Array.from({ length: extensionsOf(given) }, (_, k) =>
      rows(
        [extensionAt(k, "extension_length"), 8],
        [extensionAt(k, "contents"), 48],
        [extensionAt(k, "next_extension_header"), 8],
      ),
    ).flat(),
  ],
  layer: (first, given) =>
    gtpu({
      teid: first.number("teid")!,
      messageType: first.isLast ? first.number("message_type")! : gPdu,
      ...(hasGtpOptions(given) ? { sequence: first.number("squence_number")! } : {}),
      extensions: extensionsIn(first, extensionsOf(given)),
    }),
};

export const gtpv2Form: HeaderForm = {
  shapes: ["teid_flag"],
  slots: (given) => [
    ...rows(["version", 3], ["piggybacking_flag", 1], ["teid_flag", 1], ["spare1", 3], ["message_type", 8]),
    ...rows(["message_length", 16]),
    ...(isSet(given, "teid_flag") ? rows(["teid", 32]) : []),
    ...rows(["sequence_number", 24], ["spare2", 8]),
  ],
  layer: null,
};

export const pppForm: HeaderForm = {
  slots: () => rows(["address", 8], ["control", 8], ["protocol_type", 16]),
  layer: null,
  next: "protocol_type",
};

const pauseHead = rows(["dst", 48], ["src", 48], ["ether_type", 16], ["control_op_code", 16]);

export const pauseForm: HeaderForm = { slots: () => [...pauseHead, slot("time", 16)], layer: null };

export const pfcForm: HeaderForm = {
  slots: () => [
    ...pauseHead,
    slot("class_enable_vector", 16),
    ...Array.from({ length: 8 }, (_, k) => slot(`pause_class_${k}`, 16)),
  ],
  layer: null,
};
