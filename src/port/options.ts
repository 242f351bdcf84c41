/** What a port needs to know beside its spec. */
export interface OpenPortOptions {
  /** The longest frame that may arrive, with FCS; receive buffers of our own are made for it. Not below sendFrameBytes. */
  readonly maxFrameBytes: number;
  /** The longest frame that will be sent, with FCS; an interface whose MTU is too small for it is refused. */
  readonly sendFrameBytes: number;
  /**
   * What the port is for; rings that nobody will look at need not be opened. Those of virtqueues are there in pairs all the
   * same: DPDK's vhost has no link before both rings of a pair are ready.
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
