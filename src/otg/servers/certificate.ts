/**
 * A certificate that signs itself (X.509 v3, RFC 5280, in DER: ITU-T X.690), made anew for each process. Clients of the models
 * do not check it; whoever wants one that is checked gives a certificate of their own.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { Credentials } from "./rest.js";

const tag = {
  ...{ integer: 2, bits: 3, bytes: 4, object: 6, utf8: 12, shortTime: 23, time: 24, sequence: 0x30, set: 0x31 },
  ...{ version: 0xa0, extensions: 0xa3, dnsName: 0x82, ipAddress: 0x87 },
} as const;
/** Object identifiers, encoded: ecdsa-with-SHA256 (RFC 5758 §3.2), commonName (X.520). */
const ecdsaSha256 = Buffer.from("2a8648ce3d040302", "hex");
const commonName = Buffer.from("550403", "hex");
/** RFC 5280 §4.2.1.6 */
const subjectAltName = Buffer.from("551d11", "hex");
const loopbackNames = [
  [tag.dnsName, Buffer.from("localhost")],
  [tag.ipAddress, Buffer.of(127, 0, 0, 1)],
  [tag.ipAddress, Buffer.from("1".padStart(32, "0"), "hex")],
] as const;
const dayMs = 86_400_000;
const validDays = 825;

function der(type: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(type, length), content]);
  const digits = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.of(type, 0x80 | digits.length), digits, content]);
}

/** `261201120000Z`; from 2050 on, `20501201120000Z` (RFC 5280 §4.1.2.5). */
function timeAt(ms: number): Buffer {
  const text = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return text < "2050" ? der(tag.shortTime, Buffer.from(text.slice(2))) : der(tag.time, Buffer.from(text));
}

const extensionsOf = (): Buffer => {
  const names = der(tag.sequence, ...loopbackNames.map(([type, name]) => der(type, name)));
  return der(
    tag.extensions,
    der(tag.sequence, der(tag.sequence, der(tag.object, subjectAltName), der(tag.bytes, names))),
  );
};

const nameOf = (name: string): Buffer =>
  der(tag.sequence, der(tag.set, der(tag.sequence, der(tag.object, commonName), der(tag.utf8, Buffer.from(name)))));

const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${bytes.toString("base64").replaceAll(/(.{64})(?=.)/g, "$1\n")}\n-----END ${label}-----\n`;

export function selfSigned(name: string, nowMs = Date.now()): Credentials {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(tag.sequence, der(tag.object, ecdsaSha256));
  const own = nameOf(name);
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const content = der(
    tag.sequence,
    der(tag.version, der(tag.integer, Buffer.of(2))),
    der(tag.integer, serial),
    algorithm,
    own,
    der(tag.sequence, timeAt(nowMs - dayMs), timeAt(nowMs + validDays * dayMs)),
    own,
    publicKey.export({ type: "spki", format: "der" }),
    extensionsOf(),
  );
  const signature = sign("sha256", content, privateKey);
  const certificate = der(tag.sequence, content, algorithm, der(tag.bits, Buffer.of(0), signature));
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    cert: pem("CERTIFICATE", certificate),
  };
}
