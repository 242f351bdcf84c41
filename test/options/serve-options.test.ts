/** Where a server listens, and what it is refused. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { type ServeTexts, serveOrder } from "../../src/options/serve-options.js";

const folder = mkdtempSync(join(tmpdir(), "pktgen-ts-serve-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const tokenFile = join(folder, "token");
writeFileSync(tokenFile, "correct-horse\n");

it("listens on this machine alone, starts no programs, and has no token", () => {
  expect(serveOrder({})).toEqual({
    place: { kind: "tcp", host: "127.0.0.1", port: 8080 },
    ...{
      token: null,
      prompt: null,
      ports: [],
      awaited: [],
      history: null,
      profiles: null,
      workers: 1,
      allowPrograms: false,
      yesThisInterface: false,
    },
  });
});

it.each([
  [{ listen: "[::1]:0" }, { kind: "tcp", host: "::1", port: 0 }],
  [{ listen: "localhost:80" }, { kind: "tcp", host: "localhost", port: 80 }],
  [
    { listen: "0.0.0.0:1", token: "long-enough" },
    { kind: "tcp", host: "0.0.0.0", port: 1 },
  ],
  [
    { listen: "lab.example:1", token: true },
    { kind: "tcp", host: "lab.example", port: 1 },
  ],
  [
    { listen: "[::]:1", tokenFile },
    { kind: "tcp", host: "::", port: 1 },
  ],
  [{ unix: "./a.sock" }, { kind: "unix", path: "./a.sock" }],
  [{ stdio: true }, null],
] as const)("%j is a place", (texts, place) => {
  expect(serveOrder(texts as ServeTexts).place).toEqual(place);
});

it("whoever has the socket, or started it, may have programs started", () => {
  expect([serveOrder({ unix: "./a" }).allowPrograms, serveOrder({ stdio: true }).allowPrograms]).toEqual([true, true]);
  expect(serveOrder({ allowPrograms: true }).allowPrograms).toBe(true);
});

it("a token comes out of its file without the end of its line", () => {
  expect(serveOrder({ tokenFile }).token).toBe("correct-horse");
});

it.each([
  [{ listen: "0.0.0.0:8080" }, "--listen"],
  [{ listen: "[::]:8080" }, "--listen"],
  [{ listen: "8080" }, "--listen"],
  [{ listen: "127.0.0.1:70000" }, "--listen"],
  [{ listen: "[127.0.0.1]:1" }, "--listen"],
  [{ unix: `./${"a".repeat(110)}` }, "--unix"],
  [{ unix: "./a", stdio: true }, "serve"],
  [{ prompt: "ready" }, "--prompt"],
  [{ stdio: true, prompt: "two words" }, "--prompt"],
  [{ token: "short" }, "--token"],
  [{ token: "long-enough", tokenFile }, "--token"],
  [{ tokenFile: join(folder, "nowhere") }, "--token-file"],
  [{ port: ["packet:eth1"] }, "--port"],
  [{ port: ["embedded=null:"] }, "--port"],
  [{ port: ["a=null:", "a=null:"] }, "--port"],
  [{ port: ["a=nothing:"] }, "nothing:"],
] as const)("%j is refused", (texts, where) => {
  let thrown: unknown;
  try {
    serveOrder(texts as ServeTexts);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PktgenError);
  expect((thrown as PktgenError).exitCode).toBe(2);
  expect((thrown as PktgenError).where).toContain(where);
});
