/**
 * `xdp:IFACE`: a network interface through AF_XDP sockets, one a queue. A program of a few instructions gives them what
 * comes in before the network stack sees it. With tx=live the kernel makes the frames, marked by the same program.
 */
import { usageError } from "../../errors.js";
import type { InterfaceFacts } from "../../sys/net/netdev.js";
import { onInterface } from "../interface.js";
import { InterfacePort } from "../interface-port.js";
import type { OpenPortOptions } from "../options.js";
import { noKick, type Port, type PortDrop, type PortFacts, type QueueRings } from "../port.js";
import { openXdpRings, type XdpCounts, type XdpRings } from "./rings.js";
import type { XdpPortSpec } from "./spec.js";

/** What BPF_PROG_TEST_RUN makes of one page, less its own head and what the kernel keeps at both ends of a frame. */
const mostLiveFrameBytes = 3_300;

/** Of rtnl_link_stats64, since the port was opened. */
interface InterfaceCounts {
  readonly rxDropped: number;
  readonly txDropped: number;
  /** Frames to send that the interface counted at all. */
  readonly txTold: number;
}

class XdpPort extends InterfacePort<XdpPortSpec, XdpCounts, XdpRings> {
  protected openRings(facts: InterfaceFacts): XdpRings {
    return openXdpRings(this.spec, this.options, facts);
  }

  /**
   * Sockets and program stay: what comes in before we know of the carrier is received. A card that has our memory may read
   * the rings meanwhile, so its sockets end.
   */
  get #stays(): boolean {
    return this.opened.sockets.every(({ zeroCopy }) => !zeroCopy);
  }

  protected override get receiving(): readonly QueueRings[] | null {
    if (!this.options.receives || !this.#stays) return null;
    return this.opened.queues.map((rings) => ({ ...rings, tx: null, txKick: noKick, live: null }));
  }

  protected override suspend(): void {
    if (this.#stays) for (const socket of this.opened.sockets) socket.takeBack();
    else super.suspend();
  }

  protected override reopenRings(): XdpRings {
    if (!this.#stays) return super.reopenRings();
    return onInterface(this.spec, this.options, (facts) => {
      for (const socket of this.opened.sockets) socket.passOver();
      return { ...this.opened, facts };
    });
  }

  protected override get dropsUntold(): boolean {
    return true;
  }

  protected override taken(): number {
    const { taken, handed } = this.losses();
    return taken + handed;
  }

  /** Zeros where the interface is gone. */
  #interfaceCounts(): InterfaceCounts {
    const since = this.interfaceSince();
    if (since === null) return { rxDropped: 0, txDropped: 0, txTold: Number.POSITIVE_INFINITY };
    return {
      rxDropped: since.rxDropped + since.rxMissed,
      txDropped: since.txDropped,
      txTold: since.txPackets + since.txDropped + since.txErrors,
    };
  }

  /**
   * What found no room in our sockets, or before them in the interface, or came in where we have no socket. Interfaces
   * count what the sockets refuse among their own drops, and what the kernel makes nothing of: the greater has them all.
   */
  receiveDrops(): number {
    if (!this.options.receives) return 0;
    const { noChunk, ringFull, passed } = this.losses();
    return Math.max(noChunk + ringFull + passed, this.#interfaceCounts().rxDropped);
  }

  /**
   * Frames that the interface took and dropped while it had no link, and those of tx=live that it neither sent nor dropped:
   * it has no way of taking them, or no room. What else was sent on it may hide a few.
   */
  sendDrops(): number {
    const { handed, txInvalid } = this.losses();
    return Math.max(0, handed - this.#interfaceCounts().txTold) + txInvalid + this.outageDrops();
  }

  namedDrops(): readonly PortDrop[] {
    const { name, queues } = this.spec;
    const { noChunk, ringFull, txInvalid, passed, handed } = this.losses();
    const { rxDropped, txDropped, txTold } = this.#interfaceCounts();
    const gro = "of a veth pair the other end needs NAPI: ethtool -K … gro on";
    const received: PortDrop[] = [
      { what: `found no memory free at xdp:${name} (rx_dropped)`, frames: noChunk },
      { what: `found the rx ring of xdp:${name} full (rx_ring_full)`, frames: ringFull },
      {
        what: `were dropped by interface ${name} before any socket`,
        frames: Math.max(0, rxDropped - noChunk - ringFull - passed),
      },
      { what: `came in on queues of ${name} without a socket: queues=${queues} takes no more`, frames: passed },
    ];
    return [
      ...(this.options.receives ? received : []),
      { what: `had wrong addresses in the tx ring of xdp:${name} (tx_invalid_descs)`, frames: txInvalid },
      { what: `were refused by interface ${name}: its other end had no room (tx_dropped)`, frames: txDropped },
      { what: `were not taken by interface ${name}: ${gro}`, frames: Math.max(0, handed - txTold) },
    ];
  }

  facts(): PortFacts {
    const { spec } = this;
    const { sockets, way, attachment, facts, driver } = this.opened;
    const [first] = sockets;
    const how = [
      ...(attachment === null ? [] : [`${way.hook} XDP`]),
      first?.zeroCopy === true ? "zero-copy" : "copied",
      ...(attachment?.by === "netlink" ? ["attached without a link: stays after SIGKILL"] : []),
      ...(spec.tx === "live" && this.options.sends ? [`live frames, ${spec.batch} at once`] : []),
    ];
    return {
      spec: spec.text,
      kind: spec.kind,
      queues: spec.queues,
      ringFormat: "xdp",
      ringSize: spec.size,
      features: [...(driver === null ? [] : [`driver ${driver}`]), `mtu ${facts.mtu}`, ...how],
      remark: `xdp:${spec.name}: ${how.join(", ")}`,
      maxFrameBytes: first?.tx.maxFrameBytes ?? 0,
    };
  }
}

/** @throws PktgenError (2): what live frames cannot be. */
function checkLive({ text, queues }: XdpPortSpec, { sends, sendFrameBytes }: OpenPortOptions): void {
  if (!sends) return;
  if (queues > 1) throw usageError("tx=live sends on one queue", { where: text, accepted: "queues=1, --queues 1" });
  if (sendFrameBytes <= mostLiveFrameBytes) return;
  throw usageError(`tx=live makes no frames of ${sendFrameBytes} bytes`, {
    where: text,
    accepted: `at most ${mostLiveFrameBytes} bytes`,
    hint: "tx=ring takes longer ones",
  });
}

/** @throws PktgenError (2, 3): see onInterface, and what the kernel refuses. */
export function openXdpPort(spec: XdpPortSpec, options: OpenPortOptions): Port {
  if (spec.tx === "live") checkLive(spec, options);
  return onInterface(spec, options, (facts) => new XdpPort(spec, options).start(facts));
}
