/** Every object of a configuration has a name, and no other has it. */
import type { Config } from "../model.js";

interface Named {
  readonly name: string;
  readonly path: string;
}

function devicesIn({ devices }: Config): readonly Named[] {
  return devices.flatMap(({ name, ethernets }, d) => [
    { name, path: `devices[${d}].name` },
    ...ethernets.flatMap((ethernet, e) => {
      const at = `devices[${d}].ethernets[${e}]`;
      return [
        { name: ethernet.name, path: `${at}.name` },
        ...ethernet.vlans.map(({ name: own }, k) => ({ name: own, path: `${at}.vlans[${k}].name` })),
        ...ethernet.ipv4_addresses.map((one, k) => ({ name: one.name, path: `${at}.ipv4_addresses[${k}].name` })),
        ...ethernet.ipv6_addresses.map((one, k) => ({ name: one.name, path: `${at}.ipv6_addresses[${k}].name` })),
      ];
    }),
  ]);
}

const lists = ["ports", "layer1", "captures", "flows"] as const;

/** One sentence for each that is there already, or empty. */
export function nameFaults(config: Config): readonly string[] {
  const all = [
    ...lists.flatMap((list) => config[list].map(({ name }, k): Named => ({ name, path: `${list}[${k}].name` }))),
    ...devicesIn(config),
  ];
  const seen = new Map<string, string>();
  const faults: string[] = [];
  for (const { name, path } of all) {
    const first = seen.get(name);
    if (name === "") faults.push(`${path}: is needed`);
    else if (first !== undefined) faults.push(`${path}: "${name}" is the name of ${first.replace(/\.name$/, "")}`);
    else seen.set(name, path);
  }
  return faults;
}
