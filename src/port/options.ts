/** What a port needs to know beside its spec. */
export interface OpenPortOptions {
  /** The longest frame that will be sent or received, with FCS; buffers of our own are made for it. */
  readonly maxFrameBytes: number;
}

export const defaultPortOptions: OpenPortOptions = { maxFrameBytes: 1518 };
