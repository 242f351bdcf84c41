/** Headers up to the network layer, and what belongs to it. */
import { arp, ethernet, icmp, icmpv6, igmp, ipv4, ipv6, ipv6Routing, readBytes, vlan } from "../../packet/index.js";
import {
  type FirstValues,
  filler,
  fourBytes,
  type HeaderForm,
  macOf,
  only,
  rows,
  type Slot,
  sixteenBytes,
  slot,
  slotBytes,
} from "./header-form.js";

const dscp = rows(["priority.dscp.phb", 6], ["priority.dscp.ecn", 2]);
const tos = rows(
  ["priority.tos.precedence", 3],
  ["priority.tos.delay", 1],
  ["priority.tos.throughput", 1],
  ["priority.tos.reliability", 1],
  ["priority.tos.monetary", 1],
  ["priority.tos.unused", 1],
);

function prioritySlots({ priority }: Readonly<Record<string, unknown>>): readonly Slot[] {
  const choice = (priority as { readonly choice?: string } | undefined)?.choice ?? "dscp";
  if (choice === "raw") return rows(["priority.raw", 8]);
  return choice === "tos" ? tos : dscp;
}

export const ethernetForm: HeaderForm = {
  slots: () => rows(["dst", 48], ["src", 48], ["ether_type", 16]),
  layer: (first) =>
    ethernet(
      only({ dst: macOf(first, "dst"), src: macOf(first, "src"), etherType: first.number("ether_type") }) as Parameters<
        typeof ethernet
      >[0],
    ),
  next: "ether_type",
};

const noEtherType = 0xffff;

/** The tag's own number lies in the header before it. */
export const vlanForm: HeaderForm = {
  before: 16,
  computed: ["tpid"],
  slots: () => [...rows(["tpid", 16], ["priority", 3], ["cfi", 1], ["id", 12]), filler(16)],
  layer: (first) => {
    const tpid = first.number("tpid");
    const isKnown = tpid === 0x8100 || tpid === 0x88a8 || tpid === 0x9100;
    const etherType = first.isLast ? noEtherType : undefined;
    const fields = { id: first.number("id")!, tpid: isKnown ? tpid : undefined, etherType };
    return vlan({
      ...(only(fields) as { id: number }),
      priority: first.number("priority")!,
      dropEligible: first.number("cfi") === 1,
    });
  },
};

interface Option {
  readonly choice: string;
  readonly custom?: { readonly length?: { readonly choice: string; readonly value: number }; readonly value: string };
  readonly timestamp?: TimestampOption;
}

interface TimestampOption {
  readonly pointer?: { readonly choice: string; readonly value?: number };
  readonly format?: { readonly choice: string; readonly [list: string]: unknown };
}

const bytesAsSlots = (bytes: Iterable<number>): readonly Slot[] => Array.from(bytes, (byte) => filler(8, byte));

const timestampType = 0x44;
const timestampFlags: Readonly<Record<string, number>> = {
  ...{ timestamps: 0, address_and_timestamps: 1, prespecified_address_and_timestamps: 3 },
};
/** The first place for a timestamp, counted from 1. */
const firstPointer = 5;

/** RFC 791 §3.1, "Internet Timestamp". */
function timestampSlots({ pointer, format }: TimestampOption, path: string): readonly Slot[] {
  const { choice } = format ?? { choice: "timestamps" };
  const list = (format?.[choice] ?? []) as readonly unknown[];
  const entries = list.flatMap((_, k) => {
    const own = `${path}.format.${choice}[${k}]`;
    return choice === "timestamps"
      ? rows([`${own}.timestamp`, 32])
      : rows([`${own}.address`, 32], [`${own}.timestamp`, 32]);
  });
  const length = 4 + (choice === "timestamps" ? 4 : 8) * list.length;
  const at = pointer?.choice === "value" ? (pointer.value ?? firstPointer) : firstPointer;
  const head = [filler(8, timestampType), filler(8, length), filler(8, at)];
  return [...head, ...rows([`${path}.overflow`, 4]), filler(4, timestampFlags[choice]!), ...entries];
}

/** RFC 791 §3.1, RFC 2113; padded to whole words. */
function optionSlots({ options = [] }: { readonly options?: readonly Option[] }): readonly Slot[] {
  const slots = options.flatMap(({ choice, custom, timestamp }, k): readonly Slot[] => {
    if (choice === "router_alert") return bytesAsSlots([0x94, 4, 0, 0]);
    if (choice === "timestamp") return timestampSlots(timestamp ?? {}, `options[${k}].timestamp`);
    if (custom === undefined) return bytesAsSlots([0]);
    const at = `options[${k}].custom.type`;
    const value = readBytes(custom.value) ?? new Uint8Array(0);
    const length = custom.length?.choice === "value" ? custom.length.value : value.length + 2;
    const type = rows([`${at}.copied_flag`, 1], [`${at}.option_class`, 2], [`${at}.option_number`, 5]);
    return [...type, filler(8, length), ...bytesAsSlots(value)];
  });
  const bits = slots.reduce((sum, { bits: width }) => sum + width, 0);
  return [...slots, ...bytesAsSlots(new Uint8Array(((32 - (bits % 32)) % 32) / 8))];
}

const flagPaths = ["reserved", "dont_fragment", "more_fragments"];

export const ipv4Form: HeaderForm = {
  slots: (given) => [
    ...rows(["version", 4], ["header_length", 4]),
    ...prioritySlots(given),
    ...rows(["total_length", 16], ["identification", 16], ["reserved", 1], ["dont_fragment", 1], ["more_fragments", 1]),
    ...rows(["fragment_offset", 13], ["time_to_live", 8], ["protocol", 8], ["header_checksum", 16]),
    ...rows(["src", 32], ["dst", 32]),
    ...optionSlots(given),
  ],
  layer: (first, given) => {
    const [service = 0] = slotBytes(prioritySlots(given), first);
    return ipv4(
      only({
        ...{ dscp: service >> 2, ecn: service & 3, options: slotBytes(optionSlots(given), first) },
        flags: flagPaths.reduce((flags, path) => flags * 2 + first.number(path)!, 0),
        ttl: first.number("time_to_live"),
        identification: first.number("identification"),
        fragmentOffset: first.number("fragment_offset"),
        ipProtocol: first.number("protocol"),
        src: fourBytes(first, "src"),
        dst: fourBytes(first, "dst"),
      }),
    );
  },
  next: "protocol",
};

export const ipv6Form: HeaderForm = {
  slots: () => [
    ...rows(["version", 4], ["traffic_class", 8], ["flow_label", 20], ["payload_length", 16], ["next_header", 8]),
    ...rows(["hop_limit", 8], ["src", 128], ["dst", 128]),
  ],
  layer: (first) =>
    ipv6(
      only({
        trafficClass: first.number("traffic_class"),
        flowLabel: first.number("flow_label"),
        hopLimit: first.number("hop_limit"),
        nextHeader: first.number("next_header"),
        src: sixteenBytes(first, "src"),
        dst: sixteenBytes(first, "dst"),
      }),
    ),
  next: "next_header",
};

export const arpForm: HeaderForm = {
  slots: () => [
    ...rows(["hardware_type", 16], ["protocol_type", 16], ["hardware_length", 8], ["protocol_length", 8]),
    ...rows(["operation", 16], ["sender_hardware_addr", 48], ["sender_protocol_addr", 32]),
    ...rows(["target_hardware_addr", 48], ["target_protocol_addr", 32]),
  ],
  layer: (first) =>
    arp({
      operation: first.number("operation")!,
      senderMac: macOf(first, "sender_hardware_addr"),
      senderIp: fourBytes(first, "sender_protocol_addr"),
      targetMac: macOf(first, "target_hardware_addr"),
      targetIp: fourBytes(first, "target_protocol_addr"),
    }),
};

const echoSlots = rows(
  ["echo.type", 8],
  ["echo.code", 8],
  ["echo.checksum", 16],
  ["echo.identifier", 16],
  ["echo.sequence_number", 16],
);
const echoRest = (first: FirstValues): number =>
  first.number("echo.identifier")! * 2 ** 16 + first.number("echo.sequence_number")!;

export const icmpForm: HeaderForm = {
  slots: () => echoSlots,
  layer: (first) => icmp({ type: first.number("echo.type")!, code: first.number("echo.code")!, rest: echoRest(first) }),
};

export const icmpv6Form: HeaderForm = {
  slots: () => echoSlots,
  layer: (first) =>
    icmpv6({ type: first.number("echo.type")!, code: first.number("echo.code")!, rest: echoRest(first) }),
};

export const igmpForm: HeaderForm = {
  slots: () => rows(["version", 4], ["type", 4], ["unused", 8], ["checksum", 16], ["group_address", 32]),
  layer: (first) =>
    igmp({
      type: first.number("version")! * 16 + first.number("type")!,
      maxResponse: first.number("unused")!,
      group: fourBytes(first, "group_address"),
    }),
};

interface Routing {
  readonly segment_routing?: { readonly segment_list?: readonly unknown[] };
}

const segmentsOf = (given: Readonly<Record<string, unknown>>): number =>
  (given["routing"] as Routing | undefined)?.segment_routing?.segment_list?.length ?? 0;

/** RFC 8754 §2: the segments lie as they are listed. */
export const routingForm: HeaderForm = {
  slots: (given) => {
    const at = "routing.segment_routing";
    const count = segmentsOf(given);
    return [
      ...rows(["next_header", 8], ["hdr_ext_len", 8]),
      filler(8, 4),
      ...rows([`${at}.segments_left`, 8], [`${at}.last_entry`, 8]),
      filler(1),
      ...rows([`${at}.flags.protected`, 1], [`${at}.flags.oam`, 1], [`${at}.flags.alert`, 1]),
      filler(4),
      slot(`${at}.tag`, 16),
      ...Array.from({ length: count }, (_, k) => slot(`${at}.segment_list[${k}].segment`, 128)),
    ];
  },
  layer: (first, given) => {
    const at = "routing.segment_routing";
    const count = segmentsOf(given);
    const data = new Uint8Array(16 * count);
    for (let k = 0; k < count; k++) data.set(sixteenBytes(first, `${at}.segment_list[${k}].segment`), 16 * k);
    const last = Math.max(0, count - 1);
    const nextHeader = first.number("next_header");
    return ipv6Routing({
      ...{ data, segmentsLeft: last, rest: last * 2 ** 24 + first.number(`${at}.tag`)! },
      ...(nextHeader === undefined ? {} : { nextHeader }),
    });
  },
  next: "next_header",
};
