/** `virtio-user:PATH` as text: its options; its spec is that of both sides. */
import { onOffOption, portKind, queuesOption } from "../kind.js";
import { readVhostUser, ringOption, vringSizeOption } from "../vhost-user/spec.js";

export const virtioUserKind = portKind({
  name: "virtio-user",
  target: "PATH",
  targetMeaning: "the path of the socket",
  summary: "driver side of a vhost-user socket, as DPDK's virtio_user is; the peer is a vhost device (net_vhost)",
  options: {
    server: onOffOption("off", "listen on the socket instead of connecting to it"),
    queues: queuesOption(),
    ring: ringOption("virtqueue format; auto: packed where the peer offers it"),
    size: vringSizeOption("descriptors per ring"),
    mrg_rxbuf: onOffOption("off", "let the device spread a frame over several of our buffers (MRG_RXBUF)"),
    in_order: onOffOption(
      "on",
      "let the device use buffers in order and say so in batches (IN_ORDER), where it offers that",
    ),
  },
  read: readVhostUser("virtio-user"),
});
