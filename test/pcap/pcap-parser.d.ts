/** The npm package pcap-parser brings no types; this is what the tests use of it. */
declare module "pcap-parser" {
  interface Packet {
    readonly header: Readonly<Record<string, number>>;
    readonly data: Uint8Array;
  }
  interface Parser {
    on(event: "packet", listener: (packet: Packet) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    on(event: "end", listener: () => void): void;
  }
  const pcapParser: { parse(path: string): Parser };
  export = pcapParser;
}
