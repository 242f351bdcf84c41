/** Virtual devices of testpmd as data, and the virtio paths that virtio_user can take. */

/** The ten virtio paths of DPDK's own test plans, by the arguments of virtio_user that choose them. */
export const ringVariants = {
  "split-mergeable": { packed: false, mergeable: true, inOrder: false, vectorized: false },
  "split-non-mergeable": { packed: false, mergeable: false, inOrder: false, vectorized: false },
  "split-inorder-mergeable": { packed: false, mergeable: true, inOrder: true, vectorized: false },
  "split-inorder-non-mergeable": { packed: false, mergeable: false, inOrder: true, vectorized: false },
  "split-vectorized": { packed: false, mergeable: false, inOrder: false, vectorized: true },
  "packed-mergeable": { packed: true, mergeable: true, inOrder: false, vectorized: false },
  "packed-non-mergeable": { packed: true, mergeable: false, inOrder: false, vectorized: false },
  "packed-inorder-mergeable": { packed: true, mergeable: true, inOrder: true, vectorized: false },
  "packed-inorder-non-mergeable": { packed: true, mergeable: false, inOrder: true, vectorized: false },
  "packed-vectorized": { packed: true, mergeable: false, inOrder: true, vectorized: true },
} as const;
export type RingVariant = keyof typeof ringVariants;

/** A virtual device of testpmd, or (literal) any other by its own words, e.g. `net_af_packet0,iface=veth1`. */
export type Vdev =
  | {
      readonly kind: "net_vhost";
      /** `net_vhost0` … */
      readonly name: string;
      readonly path: string;
      readonly queues: number;
      /** testpmd connects and we listen. */
      readonly client: boolean;
    }
  | {
      readonly kind: "virtio_user";
      readonly name: string;
      readonly mac: string;
      readonly path: string;
      readonly queues: number;
      /** Descriptors per ring; null: DPDK's default, 256. */
      readonly queueSize: number | null;
      /** null: DPDK's default: split, mergeable, in order. */
      readonly variant: RingVariant | null;
      /** testpmd listens, and waits in its start until the other side is there. */
      readonly server: boolean;
    }
  | { readonly kind: "literal"; readonly text: string };
