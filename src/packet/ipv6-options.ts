/**
 * The two IPv6 extension headers that hold options: hop-by-hop (RFC 8200 §4.3) and destination (§4.6).
 *
 *     0  next header   1  length / 8 − 1   2  options: type, length, data; padded to a multiple of 8
 */
import { usageError } from "../errors.js";
import { type Field, fieldTable } from "./field.js";
import { input, made } from "./input.js";
import { fits, type Parsed, type Place, type Protocol, tooShort, type Unparsed } from "./protocol.js";

export interface OptionsHeader<Name extends string> {
  readonly protocol: Name;
  /** Raw: 8 n + 6 bytes. `ipv6Option` and `padIpv6Options` make them. */
  readonly options: Uint8Array;
  /** Only where it does not follow from the next layer. */
  readonly nextHeader: number | null;
}

export type Ipv6HopByHopHeader = OptionsHeader<"ipv6HopByHop">;
export type Ipv6DestinationHeader = OptionsHeader<"ipv6Destination">;

export type OptionsFields = { readonly options?: Uint8Array; readonly nextHeader?: number | null };

const emptyOptions = (): Uint8Array => padIpv6Options([]);

function constructed<Name extends string>(protocol: Name, fields: OptionsFields): OptionsHeader<Name> {
  const options = fields.options ?? emptyOptions();
  fits(protocol, "options length / 8", (options.length + 2) / 8 - 1, 8);
  const nextHeader = fields.nextHeader == null ? null : fits(protocol, "nextHeader", fields.nextHeader, 8);
  return { protocol, options, nextHeader };
}

/** Must be the first behind the IPv6 header. */
export const ipv6HopByHop = (fields: OptionsFields = {}): Ipv6HopByHopHeader => constructed("ipv6HopByHop", fields);

export const ipv6Destination = (fields: OptionsFields = {}): Ipv6DestinationHeader =>
  constructed("ipv6Destination", fields);

/** One option, e.g. router alert: `ipv6Option(5, [0, 0])` (RFC 2711), jumbo payload is 0xc2 (RFC 2675). */
export function ipv6Option(type: number, data: ArrayLike<number>): Uint8Array {
  if (data.length > 255) throw usageError(`an option of ${data.length} bytes is too long`, { accepted: "0 to 255" });
  return Uint8Array.of(fits("ipv6Option", "type", type, 8), data.length, ...Array.from(data));
}

/** Options one after the other, with PadN (or Pad1) behind them up to 8 n + 6 bytes (RFC 8200 §4.2). */
export function padIpv6Options(options: readonly Uint8Array[]): Uint8Array {
  const length = options.reduce((sum, option) => sum + option.length, 0);
  const padding = (14 - (length % 8)) % 8;
  const padded = new Uint8Array(length + padding);
  let at = 0;
  for (const option of options) {
    padded.set(option, at);
    at += option.length;
  }
  if (padding > 1) padded.set([1, padding - 2], at);
  return padded;
}

function optionsProtocol<Name extends string>(name: Name, number: number): Protocol<OptionsHeader<Name>> {
  const emit = (header: OptionsHeader<Name>, { bytes, view, start, next }: Place): void => {
    view.setUint8(start, header.nextHeader ?? next ?? 59);
    view.setUint8(start + 1, (header.options.length + 2) / 8 - 1);
    bytes.set(header.options, start + 2);
  };
  const parse = ({ bytes, view, start, end }: Unparsed): Parsed<OptionsHeader<Name>> => {
    if (end - start < 8) return tooShort(name, start, end, 8);
    const headerBytes = (view.getUint8(start + 1) + 1) * 8;
    if (end - start < headerBytes) return tooShort(name, start, end, headerBytes);
    const nextHeader = view.getUint8(start);
    const options = bytes.slice(start + 2, start + headerBytes);
    return {
      header: { protocol: name, options, nextHeader },
      headerBytes,
      end,
      next: { space: "ipProtocol", number: nextHeader },
      faults: [],
    };
  };
  const fields = ({ options }: OptionsHeader<Name>): readonly Field[] =>
    fieldTable([
      ["nextHeader", 8, "next"],
      ["length", 8, "length"],
      ["options", options.length * 8, "bytes"],
    ]);
  return {
    name,
    numbers: { ipProtocol: [number] },
    nextSpaces: () => ["ipProtocol"],
    headerBytes: ({ options }) => 2 + options.length,
    emit,
    parse,
    pseudoHeader: (_, outer) => outer,
    fields,
    inputs: { options: input.bytes, nextHeader: input.uint(8) },
    make: made((fields: OptionsFields) => constructed(name, fields)),
  };
}

export const ipv6HopByHopProtocol = optionsProtocol("ipv6HopByHop", 0);
export const ipv6DestinationProtocol = optionsProtocol("ipv6Destination", 60);
