/**
 * One testpmd, described as plain data; and the pair of the test plan. `command-line.ts` turns it into arguments.
 *
 *     generator ── gen.sock ── host: net_vhost1 (port 0) ⇄ net_vhost0 (port 1) ── vhost-net ── container: virtio_user0 ↻
 *
 * Pure.
 */
import { posix } from "node:path";
import { type GeneratorSide, generatorVdev } from "./generator-port.js";
import type { LcorePlan } from "./lcores.js";
import type { RingVariant, Vdev } from "./vdev.js";

export type TestpmdSide = "host" | "container";

/** What testpmd does with frames, of those modes that give every frame back. */
export const forwardingModes = ["io", "mac", "macswap", "5tswap", "csum", "noisy"] as const;
export type ForwardingMode = (typeof forwardingModes)[number];

export type Hugepages =
  | { readonly kind: "off" }
  | {
      readonly kind: "on";
      /** Where they are mounted as the program sees it; null: EAL finds it. */
      readonly directory: string | null;
      /** One file for all of them: more than 8 regions cannot be shared (VHOST_MEMORY_MAX_NREGIONS). */
      readonly singleFileSegments: boolean;
    };

export interface TestpmdDescription {
  readonly side: TestpmdSide;
  /** Name or path of the program. */
  readonly program: string;
  readonly lcores: LcorePlan;
  /** For DPDK, in MiB. */
  readonly memoryMib: number;
  readonly mbufs: number;
  /** Room for a frame in one mbuf, headroom of 128 included; null: DPDK's default, 2176. */
  readonly mbufBytes: number | null;
  readonly filePrefix: string;
  readonly hugepages: Hugepages;
  readonly vdevs: readonly Vdev[];
  /** Physical ports by PCI address; empty: PCI is not looked at. */
  readonly pciDevices: readonly string[];
  /** --rxq and --txq. */
  readonly queues: number;
  readonly mode: ForwardingMode;
  /** Added as they are. */
  readonly extraEal: readonly string[];
  readonly extraApp: readonly string[];
}

export interface TestpmdPair {
  readonly host: TestpmdDescription;
  readonly container: TestpmdDescription;
  /** As this process sees it. */
  readonly generatorSocket: string;
}

/** Everything that the pair depends on. */
export interface PairInputs {
  readonly program: string;
  readonly queues: number;
  /** The longest frame, with FCS. */
  readonly maxFrameBytes: number;
  /** The sockets' folder as this process and the host's testpmd see it, and as the container does. */
  readonly socketDirectory: string;
  readonly socketDirectoryInside: string;
  readonly prefix: string;
  readonly lcores: Readonly<Record<TestpmdSide, LcorePlan>>;
  readonly hugepages: Readonly<Record<TestpmdSide, Hugepages>>;
  readonly queueSize: number;
  readonly variant: RingVariant | null;
  readonly mode: ForwardingMode;
  readonly containerMac: string;
  /** What the host's first port is. */
  readonly generatorSide: GeneratorSide;
}

export const planMac = "00:11:22:33:44:10";
export const generatorSocketName = "gen.sock";
export const containerSocketName = "vhost-net";

/** DPDK's own, RTE_MBUF_DEFAULT_BUF_SIZE: 2,048 and a headroom of 128. */
const defaultMbufBytes = 2176;
const headroomBytes = 128;
/** struct rte_mbuf is 128 bytes; the pool adds a header and lines objects up. */
const mbufOverheadBytes = 256;
const mib = 2 ** 20;
/** EAL's own, the rings, the workers' caches. */
const baseMemoryMib = 96;

/** Frames in all rings of a port and in bursts on their way, with room to spare for the lcores' caches. */
const mbufsFor = (queues: number, queueSize: number): number => 8192 + 4 * queues * Math.max(queueSize, 256);

/** null where DPDK's default holds the frame. */
const mbufBytesFor = (maxFrameBytes: number): number | null =>
  maxFrameBytes + headroomBytes <= defaultMbufBytes ? null : Math.ceil((maxFrameBytes + headroomBytes) / 256) * 256;

/** Memory of one of the pair's programs, in MiB. */
export const pairMemoryMib = (queues: number, queueSize: number, maxFrameBytes: number): number =>
  memoryFor(mbufsFor(queues, queueSize), mbufBytesFor(maxFrameBytes));

const memoryFor = (mbufs: number, mbufBytes: number | null): number =>
  Math.ceil((baseMemoryMib + (mbufs * ((mbufBytes ?? defaultMbufBytes) + mbufOverheadBytes)) / mib) / 64) * 64;

/** The plan's two programs; the generator's port is the first of the host's, so that port ids are the plan's. */
export function describePair(inputs: PairInputs): TestpmdPair {
  const { queues, queueSize, socketDirectory, socketDirectoryInside } = inputs;
  const mbufs = mbufsFor(queues, queueSize);
  const mbufBytes = mbufBytesFor(inputs.maxFrameBytes);
  const common = {
    program: inputs.program,
    memoryMib: memoryFor(mbufs, mbufBytes),
    mbufs,
    mbufBytes,
    queues,
    extraEal: [],
    extraApp: [],
  };
  const generatorSocket = posix.join(socketDirectory, generatorSocketName);
  const { generatorSide } = inputs;
  const first = generatorVdev(generatorSide, generatorSocket, queues);
  const second: Vdev = {
    kind: "net_vhost",
    name: "net_vhost0",
    path: posix.join(socketDirectory, containerSocketName),
    queues,
    client: false,
  };
  return {
    generatorSocket,
    host: {
      ...common,
      side: "host",
      lcores: inputs.lcores.host,
      filePrefix: `${inputs.prefix}-vhost`,
      hugepages: inputs.hugepages.host,
      // EAL probes PCI devices before virtual ones, so that the generator's port is port 0 in every case.
      vdevs: first === null ? [second] : [first, second],
      pciDevices: generatorSide.kind === "pci" ? [generatorSide.address] : [],
      mode: "io",
    },
    container: {
      ...common,
      side: "container",
      lcores: inputs.lcores.container,
      filePrefix: `${inputs.prefix}-container`,
      pciDevices: [],
      hugepages: inputs.hugepages.container,
      vdevs: [
        {
          kind: "virtio_user",
          name: "virtio_user0",
          mac: inputs.containerMac,
          path: posix.join(socketDirectoryInside, containerSocketName),
          queues,
          queueSize,
          variant: inputs.variant,
          server: false,
        },
      ],
      mode: inputs.mode,
    },
  };
}

/** How many ports a testpmd of this description has, if all of them came up. */
export const portsOf = (description: TestpmdDescription): number =>
  description.vdevs.length + description.pciDevices.length;
