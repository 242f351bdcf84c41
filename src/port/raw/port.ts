/**
 * `raw:`, IPv4 packets through raw sockets, by the npm package raw-socket: layer 3, so the kernel routes what is sent,
 * and neither Ethernet headers nor VLAN tags come through. Frames lose their header on the way out, and get one of
 * zeros on the way in. Known traps: the package does not work with Node 24, answers one packet at a time (so 64 are
 * under way at once), and says nothing of what its socket had no room for.
 */

import { environmentError } from "../../errors.js";
import { inNetns } from "../../sys/net/netns.js";
import { fcsBytes } from "../../units.js";
import { type Bridge, BridgedPort, libraryError } from "../bridged.js";
import { checkMayRoute } from "../interface.js";
import { loadOptional } from "../optional-package.js";
import type { OpenPortOptions } from "../options.js";
import type { Port } from "../port.js";
import type { RawPortSpec } from "./spec.js";

const ethernetBytes = 14;
const etherTypeIpv4 = 0x0800;
const protocolUdp = 17;
const firstNodeWithout = 24;
const packetBytes = 65_535;

interface RawSocket {
  on(event: "message", listener: (packet: Buffer) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  send(
    packet: Buffer,
    offset: number,
    bytes: number,
    address: string,
    sent: (error: Error | null, bytes: number) => void,
  ): void;
  setOption(level: number, option: number, value: number): void;
  close(): void;
}
interface RawPackage {
  createSocket(options: { readonly protocol: number; readonly bufferSize: number }): RawSocket;
  readonly SocketLevel: { readonly IPPROTO_IP: number };
  readonly SocketOption: { readonly IP_HDRINCL: number };
}

function openSocket(raw: RawPackage, where: string): RawSocket {
  try {
    const socket = raw.createSocket({ protocol: protocolUdp, bufferSize: packetBytes });
    socket.setOption(raw.SocketLevel.IPPROTO_IP, raw.SocketOption.IP_HDRINCL, 1);
    return socket;
  } catch (cause) {
    throw libraryError("no raw socket", cause, where, "that needs CAP_NET_RAW: run as root");
  }
}

function openRaw(raw: RawPackage, where: string, deliver: (frame: Uint8Array) => void): Bridge {
  const socket = openSocket(raw, where);
  const frame = new Uint8Array(ethernetBytes + packetBytes);
  new DataView(frame.buffer).setUint16(12, etherTypeIpv4);
  let failure: string | null = null;
  socket.on("error", (error) => {
    failure = `raw socket: ${error.message}`;
  });
  socket.on("message", (packet) => {
    frame.set(packet, ethernetBytes);
    deliver(frame.subarray(0, ethernetBytes + packet.length));
  });
  return {
    send(frames, sent) {
      if (failure !== null) {
        sent(0, failure);
        return;
      }
      let answers = 0;
      let good = 0;
      let why: string | null = null;
      for (const [k, bytes] of frames.entries()) {
        const answered = (error: Error | null): void => {
          answers++;
          // What follows a packet that failed counts as not sent, though it may have been: nothing counts twice.
          if (error === null && why === null && good === k) good++;
          else why ??= `raw socket: ${error?.message ?? "a packet was not sent"}`;
          if (answers === frames.length) sent(good, why);
        };
        if (bytes.length < ethernetBytes + 20 || bytes.readUInt16BE(12) !== etherTypeIpv4) {
          answered(new Error("a frame that is not IPv4 over plain Ethernet"));
          continue;
        }
        const address = bytes.subarray(ethernetBytes + 16, ethernetBytes + 20).join(".");
        socket.send(bytes, ethernetBytes, bytes.length - ethernetBytes, address, answered);
      }
    },
    close: () => socket.close(),
  };
}

/** @throws PktgenError (2): there is a default route; (3): raw-socket is not installed, does not work here, or gets no socket. */
export function openRawPort(spec: RawPortSpec, options: OpenPortOptions): Port {
  const { text: where } = spec;
  if (Number(process.versions.node.split(".")[0]) >= firstNodeWithout) {
    throw environmentError(`the npm package raw-socket does not work with Node ${process.version}`, {
      where,
      accepted: "Node 20 or 22",
      hint: "or use packet:IFACE",
    });
  }
  const raw = loadOptional(
    { name: "raw-socket", version: "1.8.1", needs: "apt-get install g++ make python3 first" },
    where,
  ) as RawPackage;
  return inNetns(spec.netns, where, () => {
    checkMayRoute(where, options);
    return new BridgedPort({
      spec,
      maxFrameBytes: options.maxFrameBytes - fcsBytes,
      features: ["raw-socket 1.8.1", "layer 3, IPv4, UDP", "slow", "received counts may be short"],
      unseen: () => 0,
      open: (deliver) => openRaw(raw, where, deliver),
    });
  });
}
