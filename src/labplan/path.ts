/** The path of a frame through a case's devices, found from the sockets that they share. Pure. */
import type { PlanDevice } from "./file/index.js";

/** From a receiving to a sending port of one device. */
export interface PathHop {
  /** In the frame's order: `host>`, `container`, `host<`. */
  readonly name: string;
  readonly device: string;
  readonly rxPort: number;
  readonly txPort: number;
  /** Towards the far end; false: on the path back. */
  readonly forth: boolean;
}

/** testpmd pairs ports 0 and 1, 2 and 3 …; the last of an odd number with itself (port-topology=paired). */
const pairOf = (port: number, ports: number): number => ((port ^ 1) < ports ? port ^ 1 : port);

interface End {
  readonly device: PlanDevice;
  readonly port: number;
}

const endsOf = (devices: readonly PlanDevice[], socket: string): End[] =>
  devices.flatMap((device) => device.vdevs.flatMap((vdev, port) => (vdev.socket === socket ? [{ device, port }] : [])));

/** Hops from the generator's socket back to it; empty where no path leads back. */
export function pathOf(devices: readonly PlanDevice[], socket: string): PathHop[] {
  const passed: { device: string; rxPort: number; txPort: number }[] = [];
  let at: End | undefined = endsOf(devices, socket)[0];
  while (at !== undefined && passed.length < 2 * devices.length) {
    const { device, port }: End = at;
    const txPort = pairOf(port, device.vdevs.length);
    passed.push({ device: device.name, rxPort: port, txPort });
    const out: string = device.vdevs[txPort].socket;
    if (out === socket) return named(passed);
    at = endsOf(devices, out).find((end) => end.device !== device);
  }
  return [];
}

/** Those that a frame passes twice have an arrow; the one that the generator is at is the host. */
function named(passed: readonly Omit<PathHop, "name" | "forth">[]): PathHop[] {
  const far = (passed.length - 1) / 2;
  return passed.map((hop, i) => {
    const label = hop.device === passed[0].device ? "host" : hop.device;
    const twice = passed.filter(({ device }) => device === hop.device).length > 1;
    return { ...hop, name: twice ? `${label}${i < far ? ">" : "<"}` : label, forth: i < far };
  });
}

/** A port of a device on the path, and whether frames pass it in both directions there. */
export interface PathPort {
  readonly device: string;
  readonly port: number;
  /** Frames that it must have received and sent, in the generator's counts: those sent, or those that came back. */
  readonly rx: "sent" | "received";
  readonly tx: "sent" | "received";
}

/** Every port that frames pass, once. At the far end a frame turns round: what it sends must come back. */
export function portsOnPath(path: readonly PathHop[]): PathPort[] {
  const ports = new Map<string, { device: string; port: number; rx?: PathPort["rx"]; tx?: PathPort["tx"] }>();
  const at = (device: string, port: number): { rx?: PathPort["rx"]; tx?: PathPort["tx"] } => {
    const key = `${device} ${port}`;
    const entry = ports.get(key) ?? { device, port };
    ports.set(key, entry);
    return entry;
  };
  const far = (path.length - 1) / 2;
  path.forEach(({ device, rxPort, txPort }, i) => {
    at(device, rxPort).rx = i <= far ? "sent" : "received";
    at(device, txPort).tx = i < far ? "sent" : "received";
  });
  return [...ports.values()].map(({ device, port, rx = "received", tx = "received" }) => ({ device, port, rx, tx }));
}
