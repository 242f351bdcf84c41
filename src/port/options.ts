/** What a port needs to know beside its spec. */
export interface OpenPortOptions {
  /** The longest frame that may arrive, with FCS; receive buffers of our own are made for it. Not below sendFrameBytes. */
  readonly maxFrameBytes: number;
  /** The longest frame that will be sent, with FCS; an interface whose MTU is too small for it is refused. */
  readonly sendFrameBytes: number;
}

export const defaultPortOptions: OpenPortOptions = { maxFrameBytes: 1518, sendFrameBytes: 64 };
