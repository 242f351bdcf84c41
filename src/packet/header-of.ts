/** Headers by name and words, as profiles and command lines give them. */
import { usageError } from "../errors.js";
import { didYouMean } from "../nearest.js";
import { type Inputs, type InputValue, readInputs } from "./input.js";
import { type Header, type ProtocolName, protocolNamed, protocolNames } from "./protocols.js";

/** The protocol of that name. An unknown name is a usage error with the nearest name. */
export function protocolNameOf(text: string, where: string): ProtocolName {
  if ((protocolNames as readonly string[]).includes(text)) return text as ProtocolName;
  throw usageError(`there is no protocol "${text}"`, {
    where,
    accepted: protocolNames.join(", "),
    ...didYouMean(text, protocolNames),
  });
}

/** The inputs that a header of this protocol takes. */
export const inputsOf = (protocol: ProtocolName): Inputs => protocolNamed(protocol).inputs;

/**
 * The header with these fields, e.g. `headerOf("vlan", { id: 100 })`, `headerOf("ipv4", { src: "198.18.0.1", ttl: 3
 * })`. Fields that are not given are those of the plan's frame (benchmark-addresses.ts). Usage errors name
 * `<where>.<field>`.
 */
export function headerOf(
  protocol: ProtocolName,
  values: Readonly<Record<string, InputValue>>,
  where: string = protocol,
): Header {
  const { inputs, make } = protocolNamed(protocol);
  return make(readInputs(inputs, values, where)) as Header;
}
