/** What a step does, in one line: for the dry run, the progress and the result. Pure. */
import { formatCount, formatNs, formatRate, frameSizeName } from "../units.js";
import type { PlannedDeed, PlannedTraffic } from "./planned.js";

type Verb = PlannedDeed["do"];
type TextOf<V extends Verb> = (deed: Extract<PlannedDeed, { readonly do: V }>) => string;

const texts: { readonly [V in Verb]: TextOf<V> } = {
  "mount hugepages": ({ wish }) =>
    wish === null
      ? "mount hugepages: none are needed"
      : `mount hugepages: ${wish.count} pages of ${wish.pageBytes / 2 ** 20} MB at ${wish.mount}`,
  launch: ({ device, launch }) => `launch ${device}${launch.contained ? " in a container" : ""}`,
  command: ({ device, text, check }) => `${device}> ${text}${checkText(check)}`,
  send: ({ traffic, check }) => `send ${trafficText(traffic)}${checkText(check)}`,
  "start traffic": ({ traffic }) => `start traffic: ${trafficText(traffic)}`,
  "watch traffic": ({ comesBack }) => `watch traffic until ${comesBack ? "frames come back" : "none comes back"}`,
  "stop traffic": ({ check }) => `stop traffic${checkText(check)}`,
  "wait for link": ({ device, port, state }) => `wait until the link of ${device}'s port ${port} is ${state}`,
  wait: ({ forNs }) => `wait ${formatNs(forNs)}`,
  quit: ({ device }) => `quit ${device}`,
  kill: ({ device }) => `kill ${device} (SIGKILL)`,
};

export const deedText = (deed: PlannedDeed): string => (texts[deed.do] as TextOf<Verb>)(deed);

function checkText(check: object): string {
  const words = Object.entries(check).map(([name, value]) => `${name} ${String(value)}`);
  return words.length === 0 ? "" : `; check: ${words.join(", ")}`;
}

function trafficText({ sizes, rate, count, durationNs, flows, queues, socket }: PlannedTraffic): string {
  const frames = count === null ? "frames" : `${formatCount(count)} frames`;
  const time = durationNs === null ? "" : ` for ${formatNs(durationNs)}`;
  const inFlows = flows === 1 ? "1 flow" : `${flows} flows`;
  const through = queues === 1 ? "1 queue" : `${queues} queues`;
  return `${frames} of ${sizes.map(frameSizeName).join(", ")} bytes at ${formatRate(rate)}${time}, ${inFlows}, ${through}, to ${socket}`;
}
