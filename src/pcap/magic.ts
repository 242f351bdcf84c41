/** Tells from its first bytes what a file is: a readable capture, or something with a name. */

export type Resolution = "microseconds" | "nanoseconds";
export type ByteOrder = "little" | "big";

export type Recognised =
  | { readonly kind: "pcap"; readonly resolution: Resolution; readonly byteOrder: ByteOrder }
  | { readonly kind: "pcapng" }
  | { readonly kind: "other"; readonly what: string };

export const classicMagics = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;
export const pcapngMagic = 0x0a0d0d0a;

/** Bytes that `recogniseFormat` looks at; fewer are enough for most. */
export const recogniseBytes = 64;

/** Relatives of the classic format with other records. libpcap and Wireshark know them by these magics. */
const modified: Readonly<Record<number, string>> = {
  [0xa1b2cd34]: "a modified pcap file (Kuznetzov's patches to libpcap)",
  [0xa1b234cd]: "a modified pcap file (Mesquita's patches to libpcap)",
  [0xa12b3c4d]: "a pcap file of a Navtel device",
  [0x1c0001ac]: "a pcap file of an IXIA device, hardware times",
  [0x1c0001ab]: "a pcap file of an IXIA device, software times",
  [0xa1b2c3cb]: "a file of BPF instructions, not of frames",
};

/** First bytes of a file in hexadecimal → what the file is. */
const others: readonly (readonly [string, string])[] = [
  ["1f8b", "gzip; a compressed capture is known by its name: call it .pcap.gz or .pcapng.gz"],
  ["28b52ffd", "zstd; a compressed capture is known by its name: call it .pcap.zst or .pcapng.zst"],
  ["425a68", "bzip2; unpack it first: bunzip2"],
  ["fd377a585a00", "xz; unpack it first: unxz"],
  ["04224d18", "lz4; unpack it first: unlz4"],
  ["504b0304", "a zip archive; unpack it first: unzip"],
  ["377abcaf271c", "a 7-Zip archive; unpack it first"],
  ["736e6f6f70000000", "a snoop capture; convert it first: editcap -F nsecpcap"],
  ["474d4255", "a Microsoft Network Monitor 2 capture; convert it first: editcap -F nsecpcap"],
  ["52545353", "a Microsoft Network Monitor 1 capture; convert it first: editcap -F nsecpcap"],
  ["5452534e49464620", "a Sniffer capture; convert it first: editcap -F nsecpcap"],
  ["58435000", "a NetXRay capture; convert it first: editcap -F nsecpcap"],
  ["7f454c46", "a program (ELF)"],
  ["25504446", "a PDF document"],
];

/** Reads either byte order. `bytes` are the file's first bytes, at least 4. */
export function recogniseFormat(bytes: Uint8Array): Recognised {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const byteOrder of ["little", "big"] as const) {
    const magic = view.getUint32(0, byteOrder === "little");
    if (magic === classicMagics.nanoseconds) return { kind: "pcap", resolution: "nanoseconds", byteOrder };
    if (magic === classicMagics.microseconds) return { kind: "pcap", resolution: "microseconds", byteOrder };
    const name = modified[magic];
    if (name !== undefined) return { kind: "other", what: `this is ${name}, whose records differ` };
  }
  if (view.getUint32(0) === pcapngMagic) return { kind: "pcapng" };
  const hex = Array.from(bytes.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const known = others.find(([start]) => hex.startsWith(start));
  if (known !== undefined) return { kind: "other", what: `this is ${known[1]}` };
  if (looksLikeErf(bytes, view)) {
    return { kind: "other", what: "this is an ERF file (Endace); convert it first: editcap -F nsecpcap" };
  }
  return { kind: "other", what: `0x${hex.slice(0, 8)} begins no capture file` };
}

/**
 * ERF has no magic: a record is 0 time (8, little-endian, seconds in the upper half) 8 type 9 flags 10 record length 12
 * lost 14 wire length. So this looks for a plausible record, with another one behind it if the bytes reach that far.
 */
function looksLikeErf(bytes: Uint8Array, view: DataView, at = 0): boolean {
  if (bytes.length < at + 16) return at > 0;
  const type = view.getUint8(at + 8) & 0x7f;
  const recordBytes = view.getUint16(at + 10);
  const wireBytes = view.getUint16(at + 14);
  if (type < 1 || type > 48 || recordBytes < 18 || wireBytes === 0 || wireBytes > recordBytes + 9000) return false;
  // 1990 … 2106: before that there was no ERF.
  if (view.getUint32(at + 4, true) < 631_152_000) return false;
  return looksLikeErf(bytes, view, at + recordBytes);
}
