/** Ports of a configuration: which of the server's they are, and how fast their lines are. */
import { didYouMean } from "../../nearest.js";
import type { Config, OtgCapture } from "../model.js";

export interface ConfiguredPort {
  readonly name: string;
  readonly location: string;
  /** The name of the server's port. */
  readonly place: string;
  /** null: nobody said it. */
  readonly lineBps: number | null;
  /** Given, beside what an interface has of itself. */
  readonly mtu: number | null;
}

export interface ConfiguredPorts {
  readonly ports: readonly ConfiguredPort[];
  readonly captures: ReadonlyMap<string, OtgCapture>;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const speedPattern = /^speed_(\d+)_(?:(?:fd|hd)_)?(mbps|gbps)$/;
const usualMtu = 1500;

/** `speed_10_gbps` → 10e9 */
export function speedBps(speed: string): number {
  const [, digits, unit] = speedPattern.exec(speed)!;
  return Number(digits) * (unit === "gbps" ? 1e9 : 1e6);
}

/** Each port has at most one of these objects. */
function byPort<T extends { readonly port_names: readonly string[] }>(
  list: string,
  objects: readonly T[],
  ports: ReadonlySet<string>,
  errors: string[],
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const [k, object] of objects.entries()) {
    for (const [n, name] of object.port_names.entries()) {
      const at = `${list}[${k}].port_names[${n}]`;
      if (!ports.has(name)) {
        const { hint } = didYouMean(name, [...ports]);
        errors.push(`${at}: there is no port "${name}"${hint === undefined ? "" : `; ${hint}`}`);
      } else if (found.has(name)) errors.push(`${at}: port "${name}" is in another of ${list} already`);
      else found.set(name, object);
    }
  }
  return found;
}

/** A port of the server: a location is its name, or the words with which it is opened. */
export interface OtgPlace {
  readonly name: string;
  readonly spec: string;
}

export function configuredPorts(config: Config, places: readonly OtgPlace[]): ConfiguredPorts {
  const errors: string[] = [];
  const warnings: string[] = [];
  const names = new Set(config.ports.map(({ name }) => name));
  const layer1 = byPort("layer1", config.layer1, names, errors);
  const captures = byPort("captures", config.captures, names, errors);
  const used = new Map<OtgPlace, string>();
  const accepted = places.map(({ name }) => name).join(", ");
  const ports = config.ports.map(({ name, location }, k): ConfiguredPort => {
    const at = `ports[${k}].location`;
    const place = places.find((one) => one.name === location || one.spec === location);
    if (location === undefined) errors.push(`${at}: is needed; accepted: ${accepted}`);
    else if (place === undefined) errors.push(`${at}: there is no port "${location}" here; accepted: ${accepted}`);
    else if (used.has(place)) errors.push(`${at}: "${location}" is the location of port "${used.get(place)}"`);
    else used.set(place, name);
    const settings = layer1.get(name);
    const speed = settings?.speed;
    const mtu = settings === undefined || settings.mtu === usualMtu ? null : settings.mtu;
    return {
      name,
      location: location ?? "",
      place: place?.name ?? "",
      lineBps: speed === undefined ? null : speedBps(speed),
      mtu,
    };
  });
  for (const [k, { promiscuous }] of config.layer1.entries()) {
    if (!promiscuous) warnings.push(`layer1[${k}].promiscuous is not used: a port takes every frame`);
  }
  return { ports, captures, errors, warnings };
}
