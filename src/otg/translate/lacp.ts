/** LACPDUs (IEEE 802.1AX §6.4.2.3), in an Ethernet frame of the type of slow protocols. */
import { filler, type HeaderForm, rows, type Slot } from "./header-form.js";

const slowProtocols = 0x8809;
/** Of the protocols in such frames. */
const subtype = filler(8, 1);
const [collectorReserved, terminatorReserved] = [filler(12 * 8), filler(50 * 8)];

/** From the most significant bit. */
const stateBits = [
  ...["expired", "defaulted", "distributing", "collecting", "synchronization", "aggregation", "timeout", "activity"],
];

const partySlots = (who: "actor" | "partner"): readonly Slot[] => {
  const own = `lacpdu.${who}`;
  return [
    ...rows([`${own}.type`, 8], [`${own}.length`, 8], [`${own}.system_priority`, 16], [`${own}.system_id`, 48]),
    ...rows([`${own}.key`, 16], [`${own}.port_priority`, 16], [`${own}.port_number`, 16]),
    ...stateBits.flatMap((bit) => rows([`${own}.${who}_state.${bit}`, 1])),
    ...rows([`${own}.reserved`, 24]),
  ];
};

const [collector, terminator] = ["lacpdu.collector", "lacpdu.terminator"];

export const lacpForm: HeaderForm = {
  slots: () => [
    subtype,
    ...rows(["version", 8]),
    ...[...partySlots("actor"), ...partySlots("partner")],
    ...rows([`${collector}.type`, 8], [`${collector}.length`, 8], [`${collector}.max_delay`, 16]),
    collectorReserved,
    ...rows([`${terminator}.type`, 8], [`${terminator}.length`, 8]),
    terminatorReserved,
  ],
  layer: null,
  etherType: slowProtocols,
};
