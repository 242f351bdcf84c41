/** Keys at the top of a profile: of its other kind, and those that people look for there and that stand elsewhere. */
import type { TopKeys } from "./check.js";

export const plainKeys: TopKeys = {
  more: ["streams", "parameters", "include"],
  hints: {
    rate: "give --rate, or rate in a stream",
    duration: "give --duration",
    count: "give --count, or schedule: { frames } in a stream",
    packet: "a packet is a stream's: streams: [{ packet: … }]",
    fields: "fields are a stream's: streams: [{ packet: …, fields: … }]",
    schedule: "a schedule is a stream's: streams: [{ packet: …, schedule: … }]",
  },
};

export const streamsKeys: TopKeys = {
  more: [],
  hints: {
    ...plainKeys.hints,
    ...Object.fromEntries(
      ["ethernet", "vlan", "ip", "udp", "flows", "pinFlows"].map((key) => [
        key,
        `${key} is of plain traffic; beside streams each packet says its own`,
      ]),
    ),
  },
};
