/** The devices of a test plan: what the plan says of them, what a case changes, and what is left to defaults. */
import type { z } from "zod";
import { nearest } from "../../nearest.js";
import { parseMac } from "../../packet/address.js";
import { checkShape } from "../../profile/check.js";
import type { YamlDocument, YamlPath } from "../../profile/document.js";
import { deviceSchema, vdevSchemas } from "./schema.js";
import type { PlanDevice, PlanVdev } from "./types.js";
import { bytesAt, placed } from "./values.js";

type VdevShape = z.infer<typeof vdevSchemas.net_vhost> &
  z.infer<typeof vdevSchemas.virtio_user> &
  z.infer<typeof vdevSchemas.net_af_packet>;

const interfaceDrivers = ["net_af_packet", "net_tap", "net_af_xdp"] as const;

const isInterfaceDriver = (driver: string): driver is (typeof interfaceDrivers)[number] =>
  (interfaceDrivers as readonly string[]).includes(driver);

/** Where a driver says what it is joined to. */
const joints = {
  net_vhost: "iface",
  virtio_user: "path",
  net_af_packet: "link",
  net_tap: "link",
  net_af_xdp: "link",
} as const;

/** A device as it stands in one place of the file, checked. */
export interface DevicePart {
  readonly path: YamlPath;
  readonly shape: z.infer<typeof deviceSchema>;
  readonly memoryBytes: number | undefined;
  readonly vdevs: ReadonlyMap<string, { readonly path: YamlPath; readonly shape: VdevShape }>;
}

const defaults = {
  queues: 1,
  memoryBytes: 512 * 2 ** 20,
  hugepages: true,
  cores: 1,
  mbufs: 16_384,
  options: [],
  eal: [],
} as const;

/** The plan's container is known by this address. */
const defaultMac = "00:11:22:33:44:10";
/** Three pollers on two cores: a ring must hold what comes while its poller is not scheduled. */
const defaultQueueSize = 1024;

const driverOf = (name: string): keyof typeof vdevSchemas | null => {
  const match = /^(net_vhost|virtio_user|net_af_packet|net_tap|net_af_xdp)\d+$/.exec(name);
  return match === null ? null : (match[1] as keyof typeof vdevSchemas);
};

function vdevParts(document: YamlDocument, path: YamlPath, names: readonly string[]): DevicePart["vdevs"] {
  return new Map(
    names.map((name) => {
      const driver = driverOf(name);
      if (driver === null) {
        const known = nearest(name.replace(/\d+$/, ""), Object.keys(vdevSchemas));
        const details = known === null ? {} : { hint: `did you mean ${known}0?` };
        const accepted = `${Object.keys(vdevSchemas).join(", ")} and a number, e.g. net_vhost0`;
        throw document.errorAt(path, `unknown virtual device "${name}"`, { accepted, ...details }, name);
      }
      const at = [...path, name];
      const shape = checkShape(vdevSchemas[driver], document, at) as VdevShape;
      if (shape.mac !== undefined) placed(document, [...at, "mac"], () => parseMac(shape.mac!, "mac"));
      return [name, { path: at, shape }];
    }),
  );
}

/** All devices of the map at `path`, each checked by itself. */
export function deviceParts(document: YamlDocument, path: YamlPath, names: readonly string[]): Map<string, DevicePart> {
  return new Map(
    names.map((name) => {
      if (!/^[a-z][\w-]{0,30}$/.test(name)) {
        const accepted = "a letter, then letters, digits, - and _, at most 31";
        throw document.errorAt(path, `"${name}" is no name for a device`, { accepted }, name);
      }
      const at = [...path, name];
      const shape = checkShape(deviceSchema, document, at);
      const memoryBytes = shape.memory === undefined ? undefined : bytesAt(document, [...at, "memory"], shape.memory);
      const vdevs = vdevParts(document, [...at, "vdevs"], Object.keys(shape.vdevs ?? {}));
      return [name, { path: at, shape, memoryBytes, vdevs }];
    }),
  );
}

function vdevOf(document: YamlDocument, name: string, path: YamlPath, shape: VdevShape): PlanVdev {
  const driver = driverOf(name)!;
  const key = joints[driver];
  const socket = shape[key];
  if (socket === undefined) {
    const accepted = key === "link" ? "the name of a link, e.g. gen" : "the name of a socket, e.g. vhost-net";
    throw document.errorAt(path, `${key} of ${name} is missing`, { accepted });
  }
  if (isInterfaceDriver(driver)) {
    const said = Object.entries(shape).filter(([option]) => option !== "link");
    return { driver, name, socket, options: said.map(([option, value]) => `${option}=${String(value)}`) };
  }
  if (driver === "net_vhost") return { driver, name, socket, client: shape.client === 1 };
  const packed = shape.packed_vq === 1;
  const queueSize = shape.queue_size ?? defaultQueueSize;
  if (!packed && (queueSize & (queueSize - 1)) !== 0) {
    const accepted = "a power of two, unless packed_vq is 1";
    throw document.errorAt([...path, "queue_size"], `a split ring of ${queueSize} cannot be`, { accepted });
  }
  return {
    driver,
    name,
    socket,
    server: shape.server === 1,
    mac: shape.mac ?? defaultMac,
    queueSize,
    packed,
    mergeable: shape.mrg_rxbuf !== 0,
    inOrder: shape.in_order !== 0,
    vectorized: shape.vectorized === 1,
  };
}

/** One device: the plan's, changed by what the case says. Later parts win key by key, virtual devices too. */
export function deviceOf(document: YamlDocument, name: string, parts: readonly DevicePart[]): PlanDevice {
  const said = Object.assign({}, ...parts.map(({ shape }) => shape)) as DevicePart["shape"];
  const memoryBytes = parts.reduce<number | undefined>((last, part) => part.memoryBytes ?? last, undefined);
  const path = parts.at(-1)!.path;
  const names = [...new Set(parts.flatMap(({ vdevs }) => [...vdevs.keys()]))];
  if (names.length === 0) {
    const accepted = "vdevs: with at least one, e.g. net_vhost0: { iface: vhost-net }";
    throw document.errorAt(path, `${name} has no virtual devices`, { accepted });
  }
  const onInterface = names.find((vdev) => isInterfaceDriver(driverOf(vdev)!));
  if (onInterface !== undefined && said.in === "container") {
    const accepted = "in: host for a device with interfaces";
    throw document.errorAt(path, `${onInterface} cannot be in a container`, { accepted });
  }
  if (said.in === undefined) throw document.errorAt(path, "in is missing", { accepted: "host or container" });
  const vdevs = names.map((vdev) => {
    const found = parts.flatMap((part) => part.vdevs.get(vdev) ?? []);
    const shape = Object.assign({}, ...found.map((one) => one.shape)) as VdevShape;
    return vdevOf(document, vdev, found.at(-1)!.path, shape);
  });
  return {
    name,
    place: said.in,
    literal: said.literal?.trim() ?? null,
    queues: said.queues ?? defaults.queues,
    memoryBytes: memoryBytes ?? defaults.memoryBytes,
    hugepages: said.hugepages ?? defaults.hugepages,
    cores: said.cores ?? defaults.cores,
    mbufs: said.mbufs ?? defaults.mbufs,
    options: said.options ?? defaults.options,
    eal: said.eal ?? defaults.eal,
    vdevs,
  };
}

/** Makes its socket itself. */
export const listens = (vdev: PlanVdev): boolean =>
  (vdev.driver === "net_vhost" && !vdev.client) || (vdev.driver === "virtio_user" && vdev.server);

/** Every socket has one testpmd that listens, and at most one that connects. Throws at the case. */
export function checkSockets(document: YamlDocument, path: YamlPath, devices: readonly PlanDevice[]): void {
  const ends = devices.flatMap(({ vdevs }) => vdevs);
  for (const socket of new Set(ends.map((vdev) => vdev.socket))) {
    const here = ends.filter((vdev) => vdev.socket === socket);
    const device = here.filter(({ driver }) => driver === "net_vhost");
    const drivers = here.filter(({ driver }) => driver === "virtio_user");
    const links = here.filter(({ driver }) => isInterfaceDriver(driver));
    if (links.length > 0 && here.length > 1) {
      const what = `${here.map(({ name }) => name).join(" and ")} share the link ${socket}`;
      throw document.errorAt(path, what, { accepted: "one driver; the generator has the other end" });
    }
    if (device.length > 1 || drivers.length > 1) {
      const accepted = "one net_vhost and one virtio_user at most";
      throw document.errorAt(path, `${here.map(({ name }) => name).join(" and ")} share the socket ${socket}`, {
        accepted,
      });
    }
    if (device.length === 0 || drivers.length === 0) continue;
    const listening = here.filter(listens);
    if (listening.length === 1) continue;
    const what = listening.length === 0 ? "nobody listens" : "both sides listen";
    const accepted = "client: 0 with server: 0, or client: 1 with server: 1";
    throw document.errorAt(path, `${what} on the socket ${socket}`, { accepted });
  }
}
