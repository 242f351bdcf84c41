/** Feature bits of virtio-net (virtio 1.2 §5.1.3, §6) and of the vhost-user protocol, by the names of the standards. */

const featureBits = {
  VIRTIO_NET_F_MRG_RXBUF: 15,
  VIRTIO_NET_F_MQ: 22,
  VIRTIO_F_INDIRECT_DESC: 28,
  VHOST_USER_F_PROTOCOL_FEATURES: 30,
  VIRTIO_F_VERSION_1: 32,
  VIRTIO_F_RING_PACKED: 34,
  VIRTIO_F_IN_ORDER: 35,
} as const;

const bit = (name: keyof typeof featureBits): bigint => 1n << BigInt(featureBits[name]);

export const features = {
  mergeable: bit("VIRTIO_NET_F_MRG_RXBUF"),
  multiqueue: bit("VIRTIO_NET_F_MQ"),
  indirect: bit("VIRTIO_F_INDIRECT_DESC"),
  protocol: bit("VHOST_USER_F_PROTOCOL_FEATURES"),
  version1: bit("VIRTIO_F_VERSION_1"),
  packed: bit("VIRTIO_F_RING_PACKED"),
  inOrder: bit("VIRTIO_F_IN_ORDER"),
} as const;

/** VHOST_USER_PROTOCOL_F_MQ and _REPLY_ACK; nothing else of the protocol's options is of use here. */
export const protocolFeatures = { multiqueue: 1n << 0n, replyAck: 1n << 3n } as const;

/** The names of the bits that are set, for reports and errors; unknown ones as `bit 17`. */
export function featureNames(set: bigint): string[] {
  const names = new Map<number, string>(Object.entries(featureBits).map(([name, position]) => [position, name]));
  const found: string[] = [];
  for (let position = 0; position < 64; position++) {
    if ((set >> BigInt(position)) & 1n) found.push(names.get(position) ?? `bit ${position}`);
  }
  return found;
}

/** Bytes of the header before each frame: the legacy one lacks num_buffers (virtio 1.2 §5.1.6.1). */
export const netHeaderBytes = (negotiated: bigint): 10 | 12 =>
  (negotiated & (features.mergeable | features.version1 | features.packed)) === 0n ? 10 : 12;
