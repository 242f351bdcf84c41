/** What a port needs to know in addition to its spec. */
export interface OpenPortOptions {
  /** The longest frame that may arrive, with FCS. Our receive buffers are made for it. At least sendFrameBytes. */
  readonly maxFrameBytes: number;
  /** The longest frame that will be sent, with FCS; an interface whose MTU is too small for it is refused. */
  readonly sendFrameBytes: number;
  /**
   * What the port is for. Rings that are not used need not be opened. Virtqueues always come in pairs: DPDK's vhost has no
   * link before both rings of a pair are ready.
   */
  readonly sends: boolean;
  readonly receives: boolean;
  /** Also where the interface carries the default route or an SSH connection. */
  readonly yesThisInterface: boolean;
}

export const defaultPortOptions: OpenPortOptions = {
  maxFrameBytes: 1518,
  sendFrameBytes: 64,
  sends: true,
  receives: true,
  yesThisInterface: false,
};
