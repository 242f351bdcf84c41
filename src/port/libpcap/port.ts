/**
 * `libpcap:IFACE`: an interface through libpcap, by the npm package cap, as another program would see it. Known traps of
 * that package:
 *  - It keeps a raw pointer to the buffer that it is given, so the buffer is held as long as it is open.
 *  - It shows our own frames unless its filter forbids that.
 *  - It has neither timestamps nor statistics, and above about 100,000 frames a second it loses frames silently.
 *  - libpcap filters the very first frame in user space, where its direction is unknown, and drops it.
 *
 * So arrivals are compared with the interface's own counter. One trap cannot be avoided: if the interface goes down, an
 * assertion of the package ends the process.
 */

import { type InterfaceFacts, readInterface } from "../../sys/net/netdev.js";
import { inNetns } from "../../sys/net/netns.js";
import { fcsBytes } from "../../units.js";
import { type Bridge, BridgedPort, libraryError } from "../bridged.js";
import { onInterface } from "../interface.js";
import { loadOptional } from "../optional-package.js";
import type { OpenPortOptions } from "../options.js";
import type { Port } from "../port.js";
import type { LibpcapPortSpec } from "./spec.js";

/** libpcap's own, on the kernel's side. */
const captureBytes = 32 * 1024 * 1024;
/** The longest frame that the package hands over. */
const snapBytes = 65_535;

interface CapHandle {
  open(device: string, filter: string, bytes: number, into: Buffer): string;
  on(event: "packet", listener: (bytes: number, truncated: boolean) => void): void;
  send(frame: Buffer, bytes: number): void;
  close(): void;
}
interface CapPackage {
  readonly Cap: new () => CapHandle;
}

/** The kernel's queue is full: the same frame goes the next time. */
const later = /No buffer space available|temporarily unavailable|Interrupted/;

function openCap(
  cap: CapPackage,
  { name, text: where }: LibpcapPortSpec,
  deliver: (frame: Uint8Array) => void,
): Bridge {
  const handle = new cap.Cap();
  const into = Buffer.allocUnsafeSlow(snapBytes);
  let linkType: string;
  try {
    linkType = handle.open(name, "inbound", captureBytes, into);
  } catch (cause) {
    throw libraryError(`libpcap does not open interface ${name}`, cause, where, "that needs CAP_NET_RAW: run as root");
  }
  if (linkType !== "ETHERNET") {
    handle.close();
    throw libraryError(`libpcap does not read Ethernet from interface ${name}`, linkType, where);
  }
  handle.on("packet", (bytes) => deliver(into.subarray(0, bytes)));
  return {
    send(frames, sent) {
      let left = 0;
      try {
        for (; left < frames.length; left++) handle.send(frames[left]!, frames[left]!.length);
        sent(left, null);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        sent(left, later.test(why) ? null : `interface ${name}: libpcap does not send (${why})`);
      }
    },
    close: () => handle.close(),
  };
}

/** @throws PktgenError (2, 3): see onInterface; cap is not installed, or does not open the interface. */
export function openLibpcapPort(spec: LibpcapPortSpec, options: OpenPortOptions): Port {
  const cap = loadOptional(
    { name: "cap", version: "0.2.1", needs: "apt-get install libpcap-dev g++ make python3 first" },
    spec.text,
  ) as CapPackage;
  return onInterface(spec, options, (facts) => {
    const receivedBefore = receivedBy(facts);
    return new BridgedPort({
      spec,
      maxFrameBytes: options.maxFrameBytes - fcsBytes,
      features: ["cap 0.2.1", "slow: one frame a turn", "capture checked against the interface's counter"],
      unseen: (delivered) => {
        const now = inNetns(spec.netns, spec.text, () => readInterface(spec.name));
        return now === null ? 0 : receivedBy(now) - receivedBefore - delivered;
      },
      open: (deliver) => openCap(cap, spec, deliver),
    });
  });
}

const receivedBy = ({ statistics }: InterfaceFacts): number => statistics.rxPackets;
