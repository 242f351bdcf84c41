/** From a description to the program's arguments, and to a line for people. Pure. */
import type { TestpmdDescription } from "./description.js";
import { lcoreArguments } from "./lcores.js";
import { ringVariants, type Vdev } from "./vdev.js";
import { type DpdkVersion, isAtLeast } from "./version.js";

const flag = (value: boolean): string => (value ? "1" : "0");

/** `virtio_user0,mac=…,path=…,queues=2,…`: only what differs from DPDK's defaults, but queues and client always. */
export function vdevText(vdev: Vdev): string {
  switch (vdev.kind) {
    case "literal":
      return vdev.text;
    case "net_vhost":
      return `${vdev.name},iface=${vdev.path},queues=${vdev.queues},client=${flag(vdev.client)}`;
    case "virtio_user": {
      const { name, mac, path, queues, queueSize, variant, server } = vdev;
      const size = queueSize === null ? "" : `,queue_size=${queueSize}`;
      return `${name},mac=${mac},path=${path},queues=${queues}${size}${variantText(variant)}${server ? ",server=1" : ""}`;
    }
  }
}

function variantText(variant: (Vdev & { kind: "virtio_user" })["variant"]): string {
  if (variant === null) return "";
  const { packed, mergeable, inOrder, vectorized } = ringVariants[variant];
  const parts = [packed && "packed_vq=1", `mrg_rxbuf=${flag(mergeable)}`, `in_order=${flag(inOrder)}`];
  return [...parts, vectorized && "vectorized=1"].map((part) => (part === false ? "" : `,${part}`)).join("");
}

function memoryArguments({ hugepages, memoryMib }: TestpmdDescription): string[] {
  const memory = ["-m", `${memoryMib}`];
  if (hugepages.kind === "off") return ["--no-huge", ...memory];
  const directory = hugepages.directory === null ? [] : ["--huge-dir", hugepages.directory];
  return [...memory, ...directory, ...(hugepages.singleFileSegments ? ["--single-file-segments"] : [])];
}

/**
 * The vectorized paths of packed rings exist for 512-bit registers alone, which EAL (20.11 and later) has to be told.
 */
function simdArguments({ vdevs }: TestpmdDescription, version: DpdkVersion | null): string[] {
  const wide = vdevs.some((vdev) => vdev.kind === "virtio_user" && vdev.variant === "packed-vectorized");
  return wide && isAtLeast(version, "20.11") ? ["--force-max-simd-bitwidth=512"] : [];
}

/** Without --rxd testpmd posts 512 buffers, however long the ring is (RTE_ETH_DEV_FALLBACK_RX_RINGSIZE). */
function ringArguments(vdevs: readonly Vdev[]): string[] {
  const sizes = vdevs.flatMap((vdev) =>
    vdev.kind === "virtio_user" && vdev.queueSize !== null ? [vdev.queueSize] : [],
  );
  return sizes.length === 0 ? [] : [`--rxd=${Math.max(...sizes)}`, `--txd=${Math.max(...sizes)}`];
}

/** Program and arguments as the program sees them. `version` null: the newest known. */
export function commandLine(description: TestpmdDescription, version: DpdkVersion | null): string[] {
  const { program, pciDevices, filePrefix, vdevs, queues, lcores, mbufs, mbufBytes, mode } = description;
  const allow = isAtLeast(version, "20.11") ? "-a" : "-w";
  return [
    program,
    "-v",
    ...lcoreArguments(lcores),
    ...memoryArguments(description),
    ...(pciDevices.length === 0 ? ["--no-pci"] : pciDevices.flatMap((address) => [allow, address])),
    `--file-prefix=${filePrefix}`,
    ...simdArguments(description, version),
    ...vdevs.map((vdev) => `--vdev=${vdevText(vdev)}`),
    ...description.extraEal,
    "--",
    "-i",
    `--nb-cores=${lcores.forwarding}`,
    `--rxq=${queues}`,
    `--txq=${queues}`,
    `--total-num-mbufs=${mbufs}`,
    ...(mbufBytes === null ? [] : [`--mbuf-size=${mbufBytes}`]),
    ...(mode === "io" ? [] : [`--forward-mode=${mode}`]),
    "--no-mlockall",
    ...ringArguments(vdevs),
    ...description.extraApp,
  ];
}

const plainWord = /^[\w@%+=:,./-]+$/;

/** For a shell, quoted where it has to be. */
export const shellLine = (argv: readonly string[]): string =>
  argv.map((word) => (plainWord.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
