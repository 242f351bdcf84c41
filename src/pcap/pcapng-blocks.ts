/**
 * Blocks of pcapng (draft-ietf-opsawg-pcapng, section 3 and 4) that are not frames, as values and as bytes:
 *
 *     0  type (4)   4  total length (4)   8  body, padded to 4   …  total length again (4)
 *     option:  0  code (2)   2  length (2)   4  value, padded to 4; code 0 ends the list
 */
import type { CaptureInterface } from "./capture.js";
import type { ByteOrder } from "./magic.js";
import { resolutionOf, ticksPerSecondOf } from "./timestamp.js";

export const blockType = {
  section: 0x0a0d0d0a,
  interface: 1,
  packet: 2,
  simple: 3,
  names: 4,
  statistics: 5,
  enhanced: 6,
  custom: 0x0bad,
  customNotCopied: 0x40000bad,
} as const;

/** Option codes: of all blocks, and of the block named. */
export const optionCode = {
  comment: 1,
  section: { hardware: 2, os: 3, application: 4 },
  interface: { name: 2, description: 3, resolution: 9, fcsBytes: 13, offset: 14 },
  enhanced: { flags: 2, dropped: 4 },
  statistics: { received: 4, dropped: 5 },
} as const;

export interface BlockOption {
  readonly code: number;
  readonly value: Uint8Array;
}

export interface WithOptions {
  readonly options: readonly BlockOption[];
}

/** A name resolution record: 1 IPv4, 2 IPv6, 3 EUI-48, 4 EUI-64, each with its names. */
export interface NameRecord {
  readonly type: number;
  readonly address: Uint8Array;
  readonly names: readonly string[];
}

/** Every block that is no frame, as the decoder reports it. */
export type CaptureBlock =
  | ({ readonly kind: "section"; readonly byteOrder: ByteOrder } & WithOptions)
  | ({ readonly kind: "interface"; readonly iface: CaptureInterface } & WithOptions)
  | ({ readonly kind: "names"; readonly records: readonly NameRecord[] } & WithOptions)
  | ({ readonly kind: "statistics"; readonly iface: number; readonly high: number; readonly low: number } & WithOptions)
  | { readonly kind: "custom"; readonly copied: boolean; readonly enterprise: number; readonly data: Uint8Array }
  /** A block of an unknown type, which the decoder skips. */
  | { readonly kind: "other"; readonly type: number; readonly body: Uint8Array };

const padded = (bytes: number): number => (bytes + 3) & ~3;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** `text` as an option's value. */
export const textOption = (code: number, text: string): BlockOption => ({ code, value: encoder.encode(text) });
export const optionText = ({ value }: BlockOption): string => decoder.decode(value);

/** The options from `start` to `end`. A list that is cut or wrong ends there. Values are copies. */
export function readBlockOptions(bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean) {
  const options: BlockOption[] = [];
  for (let at = start; end - at >= 4; ) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === 0 || length > end - at - 4) break;
    options.push({ code, value: bytes.slice(at + 4, at + 4 + length) });
    at += 4 + padded(length);
  }
  return options;
}

/** An interface description block's body. */
export function readInterfaceBlock(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  little: boolean,
): { readonly iface: CaptureInterface; readonly options: readonly BlockOption[] } {
  const options = readBlockOptions(bytes, view, start + 8, end, little);
  const codes = optionCode.interface;
  const viewOf = (code: number, length: number): DataView | null => {
    const found = options.find((known) => known.code === code && known.value.length >= length);
    return found === undefined ? null : new DataView(found.value.buffer, found.value.byteOffset);
  };
  const textOf = (code: number): string | null => {
    const found = options.find((known) => known.code === code);
    return found === undefined ? null : optionText(found);
  };
  return {
    options,
    iface: {
      linkType: view.getUint16(start, little),
      snapBytes: view.getUint32(start + 4, little),
      ticksPerSecond: ticksPerSecondOf(viewOf(codes.resolution, 1)?.getUint8(0) ?? 6),
      offsetSeconds: Number(viewOf(codes.offset, 8)?.getBigInt64(0, little) ?? 0n),
      fcsBytes: viewOf(codes.fcsBytes, 1)?.getUint8(0) ?? null,
      name: textOf(codes.name),
      description: textOf(codes.description),
    },
  };
}

/** A name resolution block's body. */
export function readNames(bytes: Uint8Array, view: DataView, start: number, end: number, little: boolean) {
  const records: NameRecord[] = [];
  const addressBytes = [0, 4, 16, 6, 8];
  let at = start;
  while (end - at >= 4) {
    const type = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    at += 4;
    if (type === 0 || length > end - at) break;
    const known = addressBytes[type] ?? 0;
    if (length >= known) {
      const names = decoder.decode(bytes.subarray(at + known, at + length)).split("\0");
      records.push({ type, address: bytes.slice(at, at + known), names: names.filter((name) => name !== "") });
    }
    at += padded(length);
  }
  return { records, options: readBlockOptions(bytes, view, at, end, little) };
}

/** Builds blocks in one byte order. */
export class BlockBuilder {
  readonly #little: boolean;

  constructor(byteOrder: ByteOrder) {
    this.#little = byteOrder === "little";
  }

  /** Bytes of a list of options, with its end. */
  options(options: readonly BlockOption[]): Uint8Array {
    if (options.length === 0) return new Uint8Array(0);
    const bytes = new Uint8Array(options.reduce((sum, { value }) => sum + 4 + padded(value.length), 4));
    const view = new DataView(bytes.buffer);
    let at = 0;
    for (const { code, value } of options) {
      view.setUint16(at, code, this.#little);
      view.setUint16(at + 2, value.length, this.#little);
      bytes.set(value, at + 4);
      at += 4 + padded(value.length);
    }
    return bytes;
  }

  /** A whole block of any type; the body is padded. */
  block(type: number, ...pieces: readonly Uint8Array[]): Uint8Array {
    const length = 12 + padded(pieces.reduce((sum, piece) => sum + piece.length, 0));
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, this.#little);
    view.setUint32(4, length, this.#little);
    let at = 8;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    view.setUint32(length - 4, length, this.#little);
    return bytes;
  }

  /** Of unknown length (§4.1): it ends with the next one, or the file. */
  section(options: readonly BlockOption[] = []): Uint8Array {
    const head = this.#words(16, (view) => {
      view.setUint32(0, 0x1a2b3c4d, this.#little);
      view.setUint16(4, 1, this.#little);
      view.setBigInt64(8, -1n, this.#little);
    });
    return this.block(blockType.section, head, this.options(options));
  }

  interface(iface: CaptureInterface, more: readonly BlockOption[] = []): Uint8Array {
    const codes = optionCode.interface;
    const resolution = resolutionOf(iface.ticksPerSecond) ?? 9;
    const options: BlockOption[] = [];
    if (iface.name !== null) options.push(textOption(codes.name, iface.name));
    if (iface.description !== null) options.push(textOption(codes.description, iface.description));
    options.push({ code: codes.resolution, value: Uint8Array.of(resolution) });
    if (iface.fcsBytes !== null) options.push({ code: codes.fcsBytes, value: Uint8Array.of(iface.fcsBytes) });
    if (iface.offsetSeconds !== 0) {
      const value = this.#words(8, (view) => view.setBigInt64(0, BigInt(iface.offsetSeconds), this.#little));
      options.push({ code: codes.offset, value });
    }
    const head = this.#words(8, (view) => {
      view.setUint16(0, iface.linkType, this.#little);
      view.setUint32(4, iface.snapBytes, this.#little);
    });
    return this.block(blockType.interface, head, this.options([...options, ...more]));
  }

  names(records: readonly NameRecord[], options: readonly BlockOption[] = []): Uint8Array {
    const pieces = records.map(({ type, address, names }) => {
      const text = encoder.encode(`${names.join("\0")}\0`);
      return this.#words(4 + padded(address.length + text.length), (view, bytes) => {
        view.setUint16(0, type, this.#little);
        view.setUint16(2, address.length + text.length, this.#little);
        bytes.set(address, 4);
        bytes.set(text, 4 + address.length);
      });
    });
    return this.block(blockType.names, ...pieces, new Uint8Array(4), this.options(options));
  }

  statistics(iface: number, high: number, low: number, options: readonly BlockOption[] = []): Uint8Array {
    const head = this.#words(12, (view) => {
      view.setUint32(0, iface, this.#little);
      view.setUint32(4, high, this.#little);
      view.setUint32(8, low, this.#little);
    });
    return this.block(blockType.statistics, head, this.options(options));
  }

  /** `copied`: programs that change the file keep it. `data` comes back padded with zeros to 4 bytes. */
  custom(enterprise: number, data: Uint8Array, copied = true): Uint8Array {
    const head = this.#words(4, (view) => view.setUint32(0, enterprise, this.#little));
    return this.block(copied ? blockType.custom : blockType.customNotCopied, head, data);
  }

  #words(length: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
    const bytes = new Uint8Array(length);
    fill(new DataView(bytes.buffer), bytes);
    return bytes;
  }
}
