/** Where a server listens, as an option says it. */
import { isIP } from "node:net";
import { usageError } from "../errors.js";
import type { Reader } from "./option.js";

export interface TcpPlace {
  readonly kind: "tcp";
  readonly host: string;
  readonly port: number;
}

const mostPort = 65_535;

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:0` */
export const listenAddress: Reader<TcpPlace> = (text, where) => {
  const match = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text);
  const [, six, name, digits] = match ?? [];
  const port = Number(digits);
  const isAddress = six === undefined || isIP(six) === 6;
  if (match !== null && isAddress && port <= mostPort) return { kind: "tcp", host: six ?? name!, port };
  throw usageError(`"${text}" is no address to listen at`, { where, accepted: "e.g. 127.0.0.1:8080, [::1]:8080" });
};

export const isLoopback = ({ host }: TcpPlace): boolean =>
  host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
