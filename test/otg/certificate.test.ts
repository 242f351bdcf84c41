/** The certificate that the server makes, and those that users give. */
import { X509Certificate } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { otgOrder } from "../../src/options/otg-options.js";
import { selfSigned } from "../../src/otg/servers/certificate.js";
import { temporaryFolder } from "../support/rings-cross.js";

it("a certificate of its own is for the names and addresses of this machine", () => {
  const { cert } = selfSigned("pktgen-ts", Date.UTC(2026, 0, 2, 3, 4, 5));
  const read = new X509Certificate(cert);
  expect(read.subjectAltName).toBe("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1");
  expect([read.checkHost("localhost"), read.checkIP("127.0.0.1"), read.checkIP("::1")]).toEqual([
    "localhost",
    "127.0.0.1",
    "::1",
  ]);
  expect(read.checkHost("evil.example")).toBeUndefined();
  expect(new Date(read.validFrom).toISOString()).toBe("2026-01-01T03:04:05.000Z");
  expect(read.verify(read.publicKey)).toBe(true);
});

it.each([
  [2026, "\u0017\r260101030405Z"],
  [2060, "\u0018\u000f20600101030405Z"],
])("times of %i have the form of X.509", (year, form) => {
  const { cert } = selfSigned("pktgen-ts", Date.UTC(year, 0, 2, 3, 4, 5));
  expect(new X509Certificate(cert).raw.toString("latin1")).toContain(form);
});

it("a certificate or key that is none, or not of the other, is refused with its option", () => {
  using folder = temporaryFolder();
  const [one, other] = [selfSigned("one"), selfSigned("other")];
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  const [cert, key, strange, wrong] = [
    file("cert", one.cert),
    file("key", one.key),
    file("strange", other.key),
    file("wrong", "no PEM"),
  ];
  const order = (tlsCert: string, tlsKey: string) => otgOrder({ port: ["a=packet:veth-a"], tlsCert, tlsKey });
  expect(order(cert, key).credentials).toEqual(one);
  expect(() => order(wrong, key)).toThrow(expect.objectContaining({ exitCode: 2, where: "--tls-cert" }));
  expect(() => order(cert, wrong)).toThrow(expect.objectContaining({ exitCode: 2, where: "--tls-key" }));
  expect(() => order(cert, strange)).toThrow(expect.objectContaining({ exitCode: 2, where: "--tls-key" }));
});

it("an address to listen at may be in brackets, and its name leads to the server", () => {
  const { https, hostNames } = otgOrder({ port: ["a=packet:veth-a"], listen: "[::1]" });
  expect([https.host, hostNames]).toEqual(["::1", ["::1"]]);
  expect(otgOrder({ port: ["a=packet:veth-a"], yesAnyone: true, listen: "0.0.0.0" }).hostNames).toBeNull();
});
