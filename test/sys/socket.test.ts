/** Unix sockets carry bytes and descriptors. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EventFd } from "../../src/sys/eventfd.js";
import { connectUnix, listenUnix, type SocketKind, socketPair } from "../../src/sys/socket.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pktgen-socket-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const failing = (act: () => Disposable): unknown => {
  try {
    act()[Symbol.dispose]();
  } catch (error) {
    return error;
  }
  return null;
};

describe.each(["stream", "seqpacket"] satisfies SocketKind[])("%s sockets", (kind) => {
  it("connect, accept, and carry bytes both ways", () => {
    using listener = listenUnix(`${folder}/s`, kind);
    expect(listener.accept()).toBeNull();
    using client = connectUnix(`${folder}/s`, kind);
    using server = listener.accept()!;
    const buffer = new Uint8Array(100);

    expect(server.receive(buffer)).toEqual({ status: "empty" });
    expect(client.send(text("to the server"))).toBe(13);
    expect(server.receive(buffer)).toMatchObject({
      status: "data",
      bytes: 13,
      fds: [],
      fdsCut: false,
      bytesCut: false,
    });
    expect(buffer.subarray(0, 13)).toEqual(text("to the server"));
    expect(server.send(text("back"))).toBe(4);
    expect(client.receive(buffer)).toMatchObject({ status: "data", bytes: 4 });
  });

  it("carry descriptors, close those that are too many, and say so", () => {
    const [a, b] = socketPair(kind);
    using event = new EventFd();
    expect(a.send(text("x"), [event.fd, event.fd, event.fd])).toBe(1);
    const received = b.receive(new Uint8Array(10), 2);

    expect(received).toMatchObject({ status: "data", fdsCut: true });
    const fds = received.status === "data" ? received.fds : [];
    expect(fds.map((fd) => readlinkSync(`/proc/self/fd/${fd}`))).toEqual([
      "anon_inode:[eventfd]",
      "anon_inode:[eventfd]",
    ]);
    // FD_CLOEXEC: what a peer gives us does not leak into programs that we start.
    expect(fds.map((fd) => /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]!)).toEqual(
      fds.map(() => expect.stringMatching(/^02/)),
    );
    for (const fd of fds) closeSync(fd);
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });

  it("say when the peer has gone", () => {
    const [a, b] = socketPair(kind);
    a[Symbol.dispose]();
    expect(b.receive(new Uint8Array(10))).toEqual({ status: "closed" });
    expect(b.send(text("x"))).toBe(-2);
    b[Symbol.dispose]();
  });

  it("never block when the peer does not read", () => {
    const [a, b] = socketPair(kind);
    const chunk = new Uint8Array(60_000);
    let result = 0;
    for (let i = 0; i < 1000 && result >= 0; i++) result = a.send(chunk);
    expect(result).toBe(-1);
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });

  it("know who is on the other side", () => {
    const [a, b] = socketPair(kind);
    expect(a.peerCredentials()).toEqual({ pid: process.pid, uid: process.getuid!(), gid: process.getgid!() });
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });
});

describe("message boundaries", () => {
  it("are kept by seqpacket, and a message that is cut is named", () => {
    const [a, b] = socketPair("seqpacket");
    a.send(text("first"));
    a.send(text("second"));
    const buffer = new Uint8Array(5);
    expect(b.receive(buffer)).toMatchObject({ bytes: 5, bytesCut: false });
    expect(b.receive(buffer)).toMatchObject({ bytes: 5, bytesCut: true });
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });

  it("are not kept by stream", () => {
    const [a, b] = socketPair("stream");
    a.send(text("first"));
    a.send(text("second"));
    expect(b.receive(new Uint8Array(100))).toMatchObject({ bytes: 11 });
    a[Symbol.dispose]();
    b[Symbol.dispose]();
  });
});

describe("listenUnix", () => {
  it("removes its file when it is closed, but not one that took its place", () => {
    const first = listenUnix(`${folder}/s`, "stream");
    first[Symbol.dispose]();
    expect(existsSync(`${folder}/s`)).toBe(false);

    const second = listenUnix(`${folder}/s`, "stream");
    rmSync(`${folder}/s`);
    writeFileSync(`${folder}/s`, "somebody else's");
    second[Symbol.dispose]();
    expect(existsSync(`${folder}/s`)).toBe(true);
  });

  it("removes its file on process.exit too", () => {
    const code = `import { listenUnix } from ${JSON.stringify(join(process.cwd(), "src/sys/socket.ts"))};
      listenUnix(${JSON.stringify(`${folder}/exit`)}, "stream"); process.exit(0);`;
    execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code]);
    expect(existsSync(`${folder}/exit`)).toBe(false);
  });

  it("replaces a left-over socket that nobody listens on", async () => {
    // As DPDK leaves it after a kill: bound once, not unlinked.
    const code = `import { listenUnix } from ${JSON.stringify(join(process.cwd(), "src/sys/socket.ts"))};
      listenUnix(${JSON.stringify(`${folder}/stale`)}, "stream"); process.kill(process.pid, "SIGKILL");`;
    expect(() =>
      execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], { stdio: "ignore" }),
    ).toThrow();
    expect(existsSync(`${folder}/stale`)).toBe(true);
    using listener = listenUnix(`${folder}/stale`, "stream");
    using client = connectUnix(`${folder}/stale`, "stream");
    expect(listener.accept()).not.toBeNull();
    expect(client.fd).toBeGreaterThan(0);
  });

  it("accepts a path of 107 bytes and refuses one of 108", () => {
    const path = (bytes: number): string => `${folder}/`.padEnd(bytes, "x");
    expect(failing(() => listenUnix(path(107), "stream"))).toBeNull();
    expect(failing(() => listenUnix(path(108), "stream"))).toMatchObject({
      exitCode: 2,
      message: "the socket path is 108 bytes long",
      accepted: expect.stringContaining("107 bytes"),
    });
  });

  it.each([
    ["a socket that somebody listens on", () => {}, "taken", "another program listens on this socket"],
    ["a file", () => writeFileSync(`${folder}/file`, ""), "file", "this file exists and is not a socket"],
    ["a folder", () => mkdirSync(`${folder}/dir`), "dir", "this is a folder, not a socket"],
    ["a folder that is missing", () => {}, "missing/s", `does not exist`],
    [
      "a file where a folder belongs",
      () => writeFileSync(`${folder}/file`, ""),
      "file/s",
      "a part of the path is no folder",
    ],
  ])("refuses %s", (_, make, name, what) => {
    make();
    using _taken = listenUnix(`${folder}/taken`, "stream");
    expect(failing(() => listenUnix(`${folder}/${name}`, "stream"))).toMatchObject({
      name: "PktgenError",
      exitCode: 3,
      message: expect.stringContaining(what),
      where: `${folder}/${name}`,
      hint: expect.any(String),
    });
  });

  it("leaves a live socket of the other kind alone", () => {
    using _live = listenUnix(`${folder}/s`, "seqpacket");
    expect(failing(() => listenUnix(`${folder}/s`, "stream"))).toMatchObject({
      message: "another program listens on this socket",
    });
    using client = connectUnix(`${folder}/s`, "seqpacket");
    expect(client.fd).toBeGreaterThan(0);
  });
});

describe("connectUnix", () => {
  it("reaches a server of another make", async () => {
    const server = createServer((socket) => socket.end("hello"));
    await new Promise<void>((resolve) => server.listen(`${folder}/node`, resolve));
    using client = connectUnix(`${folder}/node`, "stream");
    expect(client.peerCredentials().pid).toBe(process.pid);
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ["a missing socket", () => {}, "missing", "there is no such socket"],
    ["a file", () => writeFileSync(`${folder}/file`, ""), "file", "this is not a socket"],
    ["a folder", () => mkdirSync(`${folder}/dir`), "dir", "this is not a socket"],
    [
      "a file where a folder belongs",
      () => writeFileSync(`${folder}/file`, ""),
      "file/s",
      "a part of the path is no folder",
    ],
    ["a socket of the other kind", () => {}, "packets", "of another kind"],
  ])("refuses %s", (_, make, name, what) => {
    make();
    using _packets = listenUnix(`${folder}/packets`, "seqpacket");
    expect(failing(() => connectUnix(`${folder}/${name}`, "stream"))).toMatchObject({
      name: "PktgenError",
      exitCode: 3,
      message: expect.stringContaining(what),
      where: `${folder}/${name}`,
      hint: expect.any(String),
    });
  });

  it("says so where nobody listens", () => {
    const listener = listenUnix(`${folder}/s`, "stream");
    closeSync(listener.fd); // the file stays, as after a kill
    expect(failing(() => connectUnix(`${folder}/s`, "stream"))).toMatchObject({
      exitCode: 3,
      message: "nobody listens on the socket",
    });
    symlinkSync(`${folder}/s`, `${folder}/link`);
    expect(failing(() => connectUnix(`${folder}/link`, "stream"))).toMatchObject({
      message: "nobody listens on the socket",
    });
    chmodSync(`${folder}/s`, 0o600);
    listener.unlinkOwn();
  });

  it("says so where the listener's queue is full", () => {
    using _listener = listenUnix(`${folder}/s`, "stream", 0);
    using _first = connectUnix(`${folder}/s`, "stream");
    expect(failing(() => connectUnix(`${folder}/s`, "stream"))).toMatchObject({
      message: "the other side listens but takes no connection",
    });
  });
});
