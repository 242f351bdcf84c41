/** `vhost:PATH` as text: its options and its spec, which `virtio-user:PATH` shares. */
import {
  type AnyPortSpec,
  checkPowerOfTwo,
  integerOption,
  onOffOption,
  type PortOptionRow,
  portKind,
  queuesOption,
  ringSizes,
  wordOption,
} from "../kind.js";

export interface VhostUserPortSpec extends AnyPortSpec {
  /** virtio-user: driver side. vhost: device side. */
  readonly kind: "virtio-user" | "vhost";
  readonly path: string;
  /** true: we bind and listen; false: we connect. */
  readonly server: boolean;
  readonly ring: "auto" | "split" | "packed";
  /** Descriptors per ring, a power of two for split. Driver side; a device takes what it is told. */
  readonly size: number;
  readonly mergeable: boolean;
  readonly inOrder: boolean;
}

const acceptedSizes = `${ringSizes.least} to ${ringSizes.most}, a power of two unless ring=packed`;

/** Descriptors per ring; whether the number fits is known with the ring's format. */
export const vringSizeOption = (meaning: string): PortOptionRow<number> =>
  integerOption({ ...ringSizes, accepted: acceptedSizes }, meaning);

export const ringOption = (meaning: string): PortOptionRow<VhostUserPortSpec["ring"]> =>
  wordOption(["auto", "split", "packed"], meaning);

interface VhostUserValues extends Pick<VhostUserPortSpec, "server" | "queues" | "ring" | "size"> {
  readonly mrg_rxbuf: boolean;
  readonly in_order: boolean;
}

export const readVhostUser =
  (kind: VhostUserPortSpec["kind"]) =>
  (text: string, path: string, values: VhostUserValues): VhostUserPortSpec => {
    const { mrg_rxbuf: mergeable, in_order: inOrder, server, queues, ring, size } = values;
    if (ring !== "packed") checkPowerOfTwo(size, text, acceptedSizes);
    return { text, kind, path, server, queues, ring, size, mergeable, inOrder };
  };

export const vhostKind = portKind({
  name: "vhost",
  target: "PATH",
  targetMeaning: "the path of the socket",
  summary:
    "device side of a vhost-user socket, as DPDK's net_vhost is; the peer is a driver (virtio_user, a virtual machine)",
  options: {
    server: onOffOption("on", "listen on the socket instead of connecting to it"),
    queues: queuesOption(),
    ring: ringOption("virtqueue formats to offer; split: not the packed one"),
    size: vringSizeOption("for symmetry only: the driver decides how many descriptors its rings have"),
    mrg_rxbuf: onOffOption("off", "offer to spread a frame over several of the driver's buffers (MRG_RXBUF)"),
    in_order: onOffOption("off", "offer to use buffers strictly in order (IN_ORDER)"),
  },
  read: readVhostUser("vhost"),
});
