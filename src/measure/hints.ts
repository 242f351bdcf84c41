/** What a person would look at first where frames did not come back, or were not taken. Sentences; pure. */

import type { PortSpec } from "../port/kinds.js";
import type { PortFacts } from "../port/port.js";

/** The interface that frames are expected on, as far as it matters here. */
export interface ReceivingInterface {
  readonly mac: string | null;
  /** As rtnetlink names it: veth, macvlan, ifb; null: a card. */
  readonly kind: string | null;
}

export interface Expectation {
  readonly tx: PortSpec;
  /** null: frames are expected on the sending port. */
  readonly rx: PortSpec | null;
  /** Of the receiving port; null: it has none. */
  readonly receiving: ReceivingInterface | null;
  /** Of all frames; null: several, or not known. */
  readonly dstMac: string | null;
}

/** Interfaces that take only frames to their own address, in promiscuous mode, too. */
const ownMacOnly: ReadonlySet<string> = new Set(["macvlan", "macvtap", "ipvlan"]);

/** Nothing at all came back: why that may be. */
export function noReturnHints({ tx, rx, receiving, dstMac }: Expectation): string[] {
  const hints: string[] = [];
  if (rx === null) hints.push(`without --rx frames are expected back on the port that they are sent on, ${tx.text}`);
  const name = rx !== null && "name" in rx ? rx.name : "name" in tx ? tx.name : "";
  const { kind = null, mac = null } = receiving ?? {};
  if (kind !== null && ownMacOnly.has(kind) && mac !== null && dstMac !== null && dstMac !== mac) {
    hints.push(`${name} is a ${kind}, which takes only frames to its own MAC address: --dst-mac ${mac}`);
  }
  if (kind === "ifb") {
    hints.push(
      `${name} is an ifb: frames that are redirected to it look as if they went out, and are not received; ` +
        "receive on the interface that they are redirected from",
    );
  }
  return hints;
}

/** The device took no frame at all. */
export function noFrameTaken(ports: readonly Pick<PortFacts, "kind" | "ringFormat">[]): string {
  const packed = ports.some(({ kind, ringFormat }) => kind === "vhost" && ringFormat === "packed");
  const why = packed
    ? "; a driver that ran before this program was started (QEMU) does not say where its packed rings stand: " +
      "start that driver anew, or use ring=split"
    : "";
  return `the device under test took no frame: its ring was full all the time${why}`;
}
