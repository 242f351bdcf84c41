/**
 * Conversations that were good once, mutated: bits flipped, messages cut, swapped, repeated, left out, sizes and
 * addresses replaced, descriptors added and taken away. Both roles must answer with nothing but a PktgenError or an
 * ended connection: no crash, no hang, no descriptor and no mapping left.
 */
import { closeSync, openSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PktgenError } from "../../src/errors.js";
import { openPort, parsePortSpec } from "../../src/port/index.js";
import { Backend } from "../../src/port/vhost-user/backend.js";
import { Connection } from "../../src/port/vhost-user/connection.js";
import { features } from "../../src/port/vhost-user/features.js";
import { Frontend } from "../../src/port/vhost-user/frontend.js";
import {
  encodeMemoryTable,
  encodeMessage,
  encodeU64,
  encodeVringAddresses,
  encodeVringDescriptor,
  encodeVringState,
  type RequestName,
  requestCodes,
} from "../../src/port/vhost-user/message.js";
import { openRxRing, openTxRing, RingFault, ringScratchBytes } from "../../src/ring/index.js";
import { arena, type SharedMemory } from "../../src/sys/arena.js";
import { EventFd } from "../../src/sys/eventfd.js";
import { connectUnix, socketPair, type UnixSocket } from "../../src/sys/socket.js";
import { crossFrames, openDescriptors, openRx, openTx, readyMs, temporaryFolder } from "../support/rings-cross.js";

interface Wire {
  readonly bytes: Uint8Array;
  readonly fds: readonly number[];
}

let memory: SharedMemory;
let event: EventFd;
let file: number;
let scratch: number;
beforeAll(() => {
  memory = arena().allocateShared("fuzz", 1024 * 1024);
  event = new EventFd();
  file = openSync("/dev/null", "r+");
  scratch = arena().mapAnonymous(ringScratchBytes).offset;
});
afterAll(() => {
  arena().release(memory.offset);
  arena().release(scratch);
  event[Symbol.dispose]();
  closeSync(file);
});

const address = (offset: number): bigint => arena().address + BigInt(memory.offset + offset);

const request = (name: RequestName, payload: Uint8Array, fds: readonly number[] = [], flags = 1): Wire => ({
  bytes: encodeMessage(requestCodes[name], flags, payload),
  fds,
});

const empty = new Uint8Array(0);

/** What a good driver of one queue pair says, start to end. */
function driverConversation(format: "split" | "packed"): Wire[] {
  const wanted = features.version1 | features.protocol | (format === "packed" ? features.packed : 0n);
  const region = { guestAddress: address(0), bytes: BigInt(memory.bytes), userAddress: address(0), mmapOffset: 0n };
  const state = (name: RequestName, vring: number, value: number): Wire =>
    request(name, encodeVringState({ vring, value }), [], 9);
  const descriptor = (name: RequestName, vring: number): Wire =>
    request(name, encodeVringDescriptor({ vring, hasFd: true }), [event.fd], 9);
  const rings = [0, 1].flatMap((vring) => {
    const base = 65_536 * vring;
    const areas = {
      descriptors: address(base),
      driverArea: address(base + 4096),
      deviceArea: address(base + 8192),
    };
    return [
      state("SET_VRING_NUM", vring, 16),
      state("SET_VRING_BASE", vring, format === "packed" ? 0x8000 : 0),
      request("SET_VRING_ADDR", encodeVringAddresses({ vring, flags: 0, log: 0n, ...areas }), [], 9),
      descriptor("SET_VRING_KICK", vring),
    ];
  });
  return [
    request("GET_FEATURES", empty),
    request("SET_OWNER", empty),
    request("GET_PROTOCOL_FEATURES", empty),
    request("SET_PROTOCOL_FEATURES", encodeU64(9n)),
    descriptor("SET_VRING_CALL", 0),
    descriptor("SET_VRING_CALL", 1),
    request("SET_FEATURES", encodeU64(wanted), [], 9),
    request("SET_MEM_TABLE", encodeMemoryTable([region]), [memory.fd], 9),
    ...rings,
    state("SET_VRING_ENABLE", 0, 1),
    state("SET_VRING_ENABLE", 1, 1),
    request("SET_MEM_TABLE", encodeMemoryTable([region]), [memory.fd], 9),
    state("SET_VRING_ENABLE", 0, 0),
    request("GET_VRING_BASE", encodeVringState({ vring: 0, value: 0 })),
    descriptor("SET_VRING_KICK", 0),
    request("RESET_OWNER", empty),
  ];
}

/** What a good device answers to a driver of one queue pair. */
function deviceConversation(offered: bigint): Wire[] {
  const answer = (name: RequestName, value: bigint): Wire => request(name, encodeU64(value), [], 5);
  const acknowledged: RequestName[] = [
    ...Array<RequestName>(2).fill("SET_VRING_CALL"),
    "SET_FEATURES",
    "SET_MEM_TABLE",
    ...[0, 1].flatMap((): RequestName[] => ["SET_VRING_NUM", "SET_VRING_BASE", "SET_VRING_ADDR", "SET_VRING_KICK"]),
    ...Array<RequestName>(2).fill("SET_VRING_ENABLE"),
  ];
  return [
    answer("GET_FEATURES", offered),
    answer("GET_PROTOCOL_FEATURES", 9n),
    ...acknowledged.map((name) => answer(name, 0n)),
  ];
}

type Mutation = (wires: Wire[]) => Wire[];

const changed = (wires: Wire[], at: number, change: (wire: Wire) => Wire): Wire[] =>
  wires.length === 0 ? wires : wires.map((wire, i) => (i === at % wires.length ? change(wire) : wire));

const written = ({ bytes, fds }: Wire, write: (view: DataView) => void): Wire => {
  const copy = bytes.slice();
  write(new DataView(copy.buffer));
  return { bytes: copy, fds };
};

/** Numbers that are wrong in interesting ways, as an address, a size or a count. */
const interesting = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    2n,
    3n,
    8n,
    9n,
    15n,
    17n,
    1000n,
    0x7fffn,
    0x8000n,
    0xffffn,
    0x10000n,
    0x7fffffffn,
    0xffffffffn,
  ),
  fc.constantFrom(2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 4096n),
  fc.integer({ min: -70_000, max: 2_000_000 }).map((offset) => BigInt.asUintN(64, address(0) + BigInt(offset))),
);

const mutations: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat(), fc.nat(7)).map(
    ([at, byte, bit]): Mutation =>
      (wires) =>
        changed(wires, at, (wire) =>
          written(wire, (view) => {
            const index = byte % view.byteLength;
            view.setUint8(index, view.getUint8(index) ^ (1 << bit));
          }),
        ),
  ),
  fc.tuple(fc.nat(), fc.nat(), interesting, fc.boolean()).map(
    ([at, word, value, wide]): Mutation =>
      (wires) =>
        changed(wires, at, (wire) =>
          written(wire, (view) => {
            // Wide fields begin at 4, 12, 20 …: the header is 12 bytes long. A message may have been cut before.
            const words = Math.floor(wide ? (view.byteLength - 4) / 8 : view.byteLength / 4);
            if (words < 1) return;
            if (wide) view.setBigUint64(4 + 8 * (word % words), value, true);
            else view.setUint32(4 * (word % words), Number(value & 0xffffffffn), true);
          }),
        ),
  ),
  fc.tuple(fc.nat(), fc.nat(60)).map(
    ([at, bytes]): Mutation =>
      (wires) =>
        changed(wires, at, (wire) => ({ ...wire, bytes: wire.bytes.slice(0, Math.max(1, wire.bytes.length - bytes)) })),
  ),
  fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 })).map(
    ([at, bytes]): Mutation =>
      (wires) =>
        changed(wires, at, (wire) => ({ ...wire, bytes: Uint8Array.of(...wire.bytes, ...bytes) })),
  ),
  fc.tuple(fc.nat(), fc.array(fc.constantFrom("event", "file", "memory"), { maxLength: 12 })).map(
    ([at, kinds]): Mutation =>
      (wires) =>
        changed(wires, at, (wire) => ({
          ...wire,
          fds: kinds.map((kind) => ({ event: event.fd, file, memory: memory.fd })[kind]!),
        })),
  ),
  fc.nat().map(
    (at): Mutation =>
      (wires) =>
        wires.filter((_, i) => i !== at % wires.length),
  ),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([from, to]): Mutation =>
      (wires) =>
        wires.length === 0 ? wires : wires.toSpliced(to % wires.length, 0, wires[from % wires.length]!),
  ),
  fc.tuple(fc.nat(), fc.nat()).map(
    ([a, b]): Mutation =>
      (wires) => {
        const [first, second] = [wires[a % wires.length], wires[b % wires.length]];
        return wires.map((wire) => (wire === first ? second! : wire === second ? first! : wire));
      },
  ),
);

const mutated = fc.array(mutations, { minLength: 0, maxLength: 5 });

const apply = (wires: Wire[], changes: readonly Mutation[]): Wire[] =>
  changes.reduce((sofar, change) => (sofar.length === 0 ? sofar : change(sofar)), wires);

/** All of it, in as many pieces as asked; the other side may have closed long before. */
function sendAll(socket: UnixSocket, wires: readonly Wire[], pieces: number): void {
  for (const { bytes, fds } of wires) {
    const step = Math.max(1, Math.ceil(bytes.length / pieces));
    for (let at = 0; at < bytes.length; at += step) socket.send(bytes.subarray(at, at + step), at === 0 ? fds : []);
  }
}

/** Opens and polls every ring that a driver talked us into: only RingFaults may come of it. */
function touchRings(backend: Backend): void {
  for (const ring of backend.rings()) {
    if (ring === null) continue;
    const { callFd: _, ...layout } = ring;
    const whole = { ...layout, scratch, scratchBytes: ringScratchBytes };
    try {
      if (whole.direction === "rx") {
        const rx = openRxRing(arena().memory(), whole);
        rx.release(rx.poll(256));
      } else {
        const tx = openTxRing(arena().memory(), whole);
        if (tx.reclaim() > 0 && tx.place(0, 60) > 0) tx.publish(1);
      }
    } catch (error) {
      if (!(error instanceof RingFault)) throw error;
    }
  }
}

describe("a device that is told nonsense", () => {
  it("answers with a PktgenError or goes on, and keeps nothing", () => {
    let mappings = 0;
    const mapper = {
      bytes: arena().bytes,
      mapPeer: (fd: number, fileOffset: number, bytes: number) => {
        const mapped = arena().mapPeer(fd, fileOffset, bytes);
        mappings++;
        return mapped;
      },
      release: (offset: number) => {
        mappings--;
        arena().release(offset);
      },
    };
    const before = openDescriptors();
    const seen = { faults: 0, good: 0 };
    const property = fc.property(
      fc.constantFrom("split", "packed"),
      mutated,
      fc.integer({ min: 1, max: 3 }),
      fc.uint8Array({ minLength: 64, maxLength: 64 }),
      (format, changes, pieces, garbage) => {
        const { u8 } = arena().memory();
        for (const offset of [0, 4096, 8192, 65_536, 69_632, 73_728]) u8.set(garbage, memory.offset + offset);
        const [ours, theirs] = socketPair("stream");
        const options = { queues: 2, ring: "auto", mergeable: true, inOrder: true } as const;
        const host = { mapper, quiesce: () => {}, positions: new Int32Array(4) };
        const backend = new Backend(new Connection(ours, "requests"), options, host);
        try {
          sendAll(theirs, apply(driverConversation(format as "split" | "packed"), changes), pieces);
          let done = false;
          while (!done) {
            const { changed: moved, closed } = backend.pump();
            if (moved) touchRings(backend);
            done = closed || !moved;
          }
          theirs[Symbol.dispose]();
          backend.pump();
          seen.good++;
        } catch (error) {
          if (!(error instanceof PktgenError)) throw error;
          expect(error.toLine()).toMatch(/^vhost-user/);
          seen.faults++;
        } finally {
          backend[Symbol.dispose]();
          theirs[Symbol.dispose]();
        }
        expect(mappings).toBe(0);
      },
    );
    fc.assert(property, { numRuns: 1500 });
    expect(seen.faults).toBeGreaterThan(100);
    expect(seen.good).toBeGreaterThan(100);
    expect(openDescriptors()).toEqual(before);
  });
});

describe("a driver that is told nonsense", () => {
  const offered = features.version1 | features.protocol | features.packed;

  it("answers with a PktgenError or goes on, and keeps nothing", async () => {
    const before = openDescriptors();
    const seen = { faults: 0, good: 0 };
    const property = fc.asyncProperty(mutated, fc.integer({ min: 1, max: 3 }), async (changes, pieces) => {
      const [ours, theirs] = socketPair("stream");
      using connection = new Connection(ours, "replies");
      using _theirs = theirs;
      sendAll(theirs, apply(deviceConversation(offered), changes), pieces);
      const frontend = new Frontend(connection, { queues: 1, ring: "auto", mergeable: true, inOrder: true }, 1);
      const region = { guestAddress: address(0), bytes: 1n, userAddress: address(0), mmapOffset: 0n };
      const areas = { descriptors: address(0), driverArea: address(0), deviceArea: address(0) };
      const rings = [0, 1].map((vring) => ({ vring, size: 16, base: 0, ...areas, kickFd: event.fd, callFd: event.fd }));
      try {
        await frontend.start(await frontend.negotiate(), region, memory.fd, rings);
        seen.good++;
      } catch (error) {
        if (!(error instanceof PktgenError)) throw error;
        seen.faults++;
      }
    });
    await fc.assert(property, { numRuns: 400 });
    expect(seen.faults).toBeGreaterThan(50);
    // About one in five; 48 of 400 were seen.
    expect(seen.good).toBeGreaterThan(25);
    expect(openDescriptors()).toEqual(before);
  });
});

describe("a listening port", () => {
  it("outlives nonsense, and then serves a good driver", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/s`;
    await using device = await openPort(parsePortSpec(`vhost:${path},queues=2`));
    const gone = async (): Promise<void> => {
      // The port turns others away while it has a driver, so it is free when it says that nobody is connected.
      while (
        !/^no driver connected/.test(
          await device.ready(2).then(
            () => "",
            (error: Error) => error.message,
          ),
        )
      ) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const before = openDescriptors();
    const property = fc.asyncProperty(mutated, fc.integer({ min: 1, max: 3 }), async (changes, pieces) => {
      using socket = connectUnix(path, "stream");
      sendAll(socket, apply(driverConversation("split"), changes), pieces);
      socket[Symbol.dispose]();
      await gone();
    });
    await fc.assert(property, { numRuns: 50 });
    expect(openDescriptors()).toEqual(before);
    await using driver = await openPort(parsePortSpec(`virtio-user:${path},size=64`));
    const [a, b] = await Promise.all([driver.ready(readyMs), device.ready(readyMs)]);
    expect(crossFrames(openTx(a, 0), openRx(b, 0), 100, 60)).toBe(100);
  });
});
