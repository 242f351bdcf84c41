/** From a plan's device to testpmd's description, with what the machine has. Pure. */
import { join } from "node:path";
import type { TestpmdDescription } from "../dut/testpmd/description.js";
import { layOutLcores } from "../dut/testpmd/lcores.js";
import { linkEnds } from "../dut/testpmd/links.js";
import { type RingVariant, ringVariants, type Vdev } from "../dut/testpmd/vdev.js";
import { maxRegions } from "../port/vhost-user/message.js";
import type { InterfaceVdev, PlanDevice, PlanVdev, VirtioUserVdev } from "./file/index.js";
import type { LabFacts, TestPlanOrder } from "./order.js";

/** Where the sockets' folder is mounted in a container: the same path, so that evidence reads alike. */
export const insideDirectory = (facts: LabFacts): string => facts.directory;
/** Where the plan mounts its hugepages in a container. */
export const insideHugepages = "/dev/hugepages";

function variantOf({ packed, mergeable, inOrder, vectorized }: VirtioUserVdev): RingVariant | null {
  const found = Object.entries(ringVariants).find(
    ([, variant]) =>
      variant.packed === packed &&
      variant.mergeable === mergeable &&
      variant.inOrder === inOrder &&
      variant.vectorized === vectorized,
  );
  return found === undefined ? null : (found[0] as RingVariant);
}

/** As DPDK calls an interface, and its number of queues. */
function interfaceVdev({ driver, name, socket, options }: InterfaceVdev, queues: number): Vdev {
  const iface = `iface=${linkEnds(socket).testpmd}`;
  const many = { net_af_packet: [`qpairs=${queues}`], net_tap: [], net_af_xdp: [`queue_count=${queues}`] } as const;
  return { kind: "literal", text: [name, iface, ...many[driver], ...options].join(",") };
}

function vdevOf(vdev: PlanVdev, queues: number, directory: string): Vdev {
  const path = join(directory, vdev.socket);
  const { name } = vdev;
  if (vdev.driver !== "net_vhost" && vdev.driver !== "virtio_user") return interfaceVdev(vdev, queues);
  if (vdev.driver === "net_vhost") return { kind: "net_vhost", name, path, queues, client: vdev.client };
  const { mac, queueSize, server } = vdev;
  const variant = variantOf(vdev);
  if (variant !== null) return { kind: "virtio_user", name, mac, path, queues, queueSize, variant, server };
  const flags = Object.entries({
    packed_vq: vdev.packed,
    mrg_rxbuf: vdev.mergeable,
    in_order: vdev.inOrder,
    vectorized: vdev.vectorized,
    server,
  }).map(([key, on]) => `${key}=${on ? 1 : 0}`);
  return {
    kind: "literal",
    text: [name, `mac=${mac}`, `path=${path}`, `queues=${queues}`, `queue_size=${queueSize}`, ...flags].join(","),
  };
}

/** Does it run in a container in this run? */
export const isContained = (device: PlanDevice, order: TestPlanOrder, facts: LabFacts): boolean =>
  device.place === "container" && order.container !== "none" && facts.launcher?.kind !== "none";

export const usesHugepages = (device: PlanDevice, order: TestPlanOrder): boolean => order.hugepages ?? device.hugepages;

/** As command-line.ts gives them for the variants it knows: for the others, which are written out. */
function ringOptions({ vdevs }: PlanDevice): string[] {
  const sizes = vdevs.flatMap((vdev) =>
    vdev.driver === "virtio_user" && variantOf(vdev) === null ? [vdev.queueSize] : [],
  );
  return sizes.length === 0 ? [] : [`--rxd=${Math.max(...sizes)}`, `--txd=${Math.max(...sizes)}`];
}

export function describeDevice(
  device: PlanDevice,
  devices: readonly PlanDevice[],
  order: TestPlanOrder,
  facts: LabFacts,
): TestpmdDescription {
  const { name, queues, vdevs } = device;
  const contained = isContained(device, order, facts);
  const wish = order.plan.hugepages;
  const cores = Math.max(...devices.map((one) => one.cores));
  const layout = layOutLcores(facts.cpus, cores, "auto", null);
  const isHost = devices[0] === device;
  const directory = contained ? insideDirectory(facts) : facts.directory;
  const huge = usesHugepages(device, order) && wish !== null;
  return {
    side: isHost ? "host" : "container",
    program: order.program,
    lcores: isHost ? layout.host : layout.container,
    memoryMib: Math.ceil(device.memoryBytes / 2 ** 20),
    mbufs: device.mbufs,
    mbufBytes: null,
    filePrefix: `${facts.prefix}-${name}`,
    hugepages: huge
      ? {
          kind: "on",
          directory: contained ? insideHugepages : wish.mount,
          singleFileSegments: device.memoryBytes > maxRegions * wish.pageBytes,
        }
      : { kind: "off" },
    vdevs: vdevs.map((vdev) => vdevOf(vdev, queues, directory)),
    pciDevices: [],
    queues,
    mode: "io",
    extraEal: device.eal,
    extraApp: [...ringOptions(device), ...device.options],
  };
}
