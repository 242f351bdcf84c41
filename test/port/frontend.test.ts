/** The driver side of vhost-user. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPort, type Port, parsePortSpec } from "../../src/port/index.js";
import { Connection } from "../../src/port/vhost-user/connection.js";
import { featureNames, features } from "../../src/port/vhost-user/features.js";
import { chooseFeatures, Frontend } from "../../src/port/vhost-user/frontend.js";
import { encodeMessage, encodeU64, requestCodes } from "../../src/port/vhost-user/message.js";
import { socketPair } from "../../src/sys/socket.js";
import { type DeviceScript, everyFeature, goodDevice, ScriptedDevice } from "../support/peers.js";
import { readyMs, temporaryFolder } from "../support/rings-cross.js";

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

/** Opens a driver port on a scripted device, and tells what became of it. */
async function meet(
  script: DeviceScript,
  options = "",
): Promise<{ log: string[]; negotiated: bigint; error: unknown }> {
  using device = new ScriptedDevice(`${folder.path}/s`, script);
  await using port: Port = await openPort(parsePortSpec(`virtio-user:${folder.path}/s,size=16${options}`));
  const error = await port.ready(readyMs).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { log: [...device.log], negotiated: device.negotiated, error };
}

describe("a driver's messages", () => {
  it("come in the order that every DPDK accepts, each setting with an acknowledgement", async () => {
    const { log, error } = await meet(goodDevice, ",queues=2");
    const ring = ["SET_VRING_NUM!", "SET_VRING_BASE!", "SET_VRING_ADDR!", "SET_VRING_KICK! +1"];
    expect(error).toBeNull();
    expect(log).toEqual([
      "GET_FEATURES",
      "SET_OWNER",
      "GET_PROTOCOL_FEATURES",
      "SET_PROTOCOL_FEATURES",
      "GET_QUEUE_NUM",
      ...Array<string>(4).fill("SET_VRING_CALL! +1"),
      "SET_FEATURES!",
      "SET_MEM_TABLE! +1",
      ...ring,
      ...ring,
      ...ring,
      ...ring,
      ...Array<string>(4).fill("SET_VRING_ENABLE!"),
    ]);
  });

  it("ask for no acknowledgement where there is none, and end with a question", async () => {
    const { log, error } = await meet({ ...goodDevice, protocolFeatures: 1n });
    expect(error).toBeNull();
    expect(log.filter((entry) => entry.includes("!"))).toEqual([]);
    expect(log.slice(-2)).toEqual(["SET_VRING_ENABLE", "GET_FEATURES"]);
  });

  it("do without the protocol's options where the device has none", async () => {
    const { log, negotiated, error } = await meet({ ...goodDevice, features: everyFeature & ~features.protocol });
    expect(error).toBeNull();
    expect(log.filter((entry) => /PROTOCOL|ENABLE|QUEUE_NUM|!/.test(entry))).toEqual([]);
    expect(negotiated & features.protocol).toBe(0n);
  });

  it("agree on what the spec asks for and the device offers, and nothing else", async () => {
    const { negotiated } = await meet(goodDevice, ",queues=2,mrg_rxbuf=on");
    expect(featureNames(negotiated)).toEqual([
      "VIRTIO_NET_F_MRG_RXBUF",
      "VIRTIO_NET_F_MQ",
      "VHOST_USER_F_PROTOCOL_FEATURES",
      "VIRTIO_F_VERSION_1",
      "VIRTIO_F_RING_PACKED",
      "VIRTIO_F_IN_ORDER",
    ]);
  });

  it("work with a device of the days before VERSION_1", async () => {
    const { negotiated, error } = await meet({ ...goodDevice, features: 1n << 26n });
    expect(error).toBeNull();
    expect(negotiated).toBe(0n);
  });

  it("end with all rings disabled and stopped", async () => {
    using device = new ScriptedDevice(`${folder.path}/s`, goodDevice);
    const port = await openPort(parsePortSpec(`virtio-user:${folder.path}/s`));
    await port.ready(readyMs);
    const before = device.log.length;
    await port[Symbol.asyncDispose]();
    expect(device.log.slice(before)).toEqual([
      "SET_VRING_ENABLE!",
      "SET_VRING_ENABLE!",
      "GET_VRING_BASE",
      "GET_VRING_BASE",
    ]);
  });
});

describe("chooseFeatures", () => {
  const wanted = { queues: 1, ring: "auto", mergeable: false, inOrder: false } as const;

  it("takes the packed ring where it is offered and wanted", () => {
    expect(chooseFeatures(everyFeature, wanted).format).toBe("packed");
    expect(chooseFeatures(everyFeature & ~features.packed, wanted).format).toBe("split");
    expect(chooseFeatures(everyFeature & ~features.version1, wanted).format).toBe("split");
    expect(chooseFeatures(everyFeature, { ...wanted, ring: "split" }).format).toBe("split");
  });

  it("knows the header: 10 bytes only without MRG_RXBUF and VERSION_1", () => {
    expect(chooseFeatures(0n, wanted).headerBytes).toBe(10);
    expect(chooseFeatures(features.version1, wanted).headerBytes).toBe(12);
    expect(chooseFeatures(features.mergeable, wanted).headerBytes).toBe(10);
    expect(chooseFeatures(features.mergeable, { ...wanted, mergeable: true }).headerBytes).toBe(12);
  });
});

const u64Reply = (request: number, value: bigint, flags = 5): Uint8Array =>
  encodeMessage(request, flags, encodeU64(value));

describe("a device that is not what is wanted", () => {
  it.each<[string, Partial<DeviceScript>, string, string]>([
    [
      "offers too few queues",
      { queues: 2n },
      ",queues=4",
      "queues: 4 queue pairs are asked for, but the peer offers 2",
    ],
    [
      "has one queue only",
      { features: everyFeature & ~features.multiqueue },
      ",queues=2",
      "queues: 2 queue pairs are asked for, but the peer offers 1",
    ],
    [
      "cannot say how many queues",
      { protocolFeatures: 8n },
      ",queues=2",
      "queues: 2 queue pairs are asked for, but the peer offers 1",
    ],
    [
      "has no packed ring",
      { features: everyFeature & ~features.packed },
      ",ring=packed",
      "ring=packed: the peer offers no packed ring",
    ],
    [
      "refuses the memory",
      { refuse: "SET_MEM_TABLE" },
      "",
      "vhost-user SET_MEM_TABLE: the peer refused the message (1)",
    ],
    [
      "refuses a ring's size",
      { refuse: "SET_VRING_NUM" },
      "",
      "vhost-user SET_VRING_NUM: the peer refused the message (1)",
    ],
    [
      "closes at once, as one that is busy",
      { instead: { of: "GET_FEATURES", bytes: null } },
      "",
      "vhost-user GET_FEATURES: the peer closed the connection instead of answering; is another client connected? one socket serves one client",
    ],
    [
      "closes at the last message",
      { protocolFeatures: 1n, instead: { of: "SET_VRING_ENABLE", bytes: null } },
      "",
      "the peer closed the connection instead of answering",
    ],
    [
      "speaks HTTP",
      { instead: { of: "GET_FEATURES", bytes: new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n") } },
      "",
      "is not version 1 of vhost-user",
    ],
    [
      "answers another question",
      { instead: { of: "GET_FEATURES", bytes: u64Reply(requestCodes.GET_QUEUE_NUM, 1n) } },
      "",
      "vhost-user GET_FEATURES: request: the answer is for request 17",
    ],
    [
      "answers with a request",
      { instead: { of: "GET_FEATURES", bytes: u64Reply(requestCodes.GET_FEATURES, 1n, 1) } },
      "",
      "vhost-user GET_FEATURES: flags: a request, not a reply",
    ],
    [
      "answers too shortly",
      { instead: { of: "GET_FEATURES", bytes: encodeMessage(1, 5, new Uint8Array(4)) } },
      "",
      "vhost-user GET_FEATURES: size: 4 bytes of payload where 8 belong",
    ],
    [
      "promises a huge answer",
      { instead: { of: "GET_FEATURES", bytes: Uint8Array.of(1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0x80) } },
      "",
      "vhost-user GET_FEATURES: size: 2147483648 bytes of payload, at most 4096 are accepted",
    ],
  ])("is named: %s", async (_, change, options, line) => {
    const { error } = await meet({ ...goodDevice, ...change }, options);
    expect(error).toMatchObject({ name: "PktgenError", exitCode: 3 });
    expect((error as { toLine(): string }).toLine()).toContain(line);
  });

  it("is named when it closes in the middle of an answer", async () => {
    const [ours, theirs] = socketPair("stream");
    using connection = new Connection(ours, "replies");
    const negotiating = new Frontend(
      connection,
      { queues: 1, ring: "auto", mergeable: false, inOrder: false },
      2000,
    ).negotiate();
    theirs.send(u64Reply(requestCodes.GET_FEATURES, 1n).subarray(0, 15));
    theirs[Symbol.dispose]();
    await expect(negotiating).rejects.toThrow("the peer closed the connection in the middle of a message");
  });

  it("is named when it says nothing", async () => {
    const [ours, theirs] = socketPair("stream");
    using connection = new Connection(ours, "replies");
    const frontend = new Frontend(connection, { queues: 1, ring: "auto", mergeable: false, inOrder: false }, 20);
    await expect(frontend.negotiate()).rejects.toThrow("the peer did not answer within 20 ms");
    theirs[Symbol.dispose]();
  });

  it("is named by ready when it says nothing for too long", async () => {
    using _device = new ScriptedDevice(`${folder.path}/s`, { ...goodDevice, mute: true });
    await using port = await openPort(parsePortSpec(`virtio-user:${folder.path}/s`));
    await expect(port.ready(30)).rejects.toThrow("did not finish the handshake within 30 ms");
  });
});
