/** Emulated devices: the hosts that answer for their addresses, and the ends that flows can have. */
import type { HostSpec } from "../../session/index.js";
import type { Address, Config, Ethernet } from "../model.js";

/** An address of a device, or its Ethernet interface alone. */
export interface DeviceEnd {
  readonly name: string;
  readonly device: string;
  readonly ethernet: string;
  readonly port: string;
  readonly mac: string;
  /** null: the Ethernet interface. */
  readonly address: string | null;
  readonly family: 4 | 6 | null;
  readonly prefix: number;
  readonly vlan: number | null;
  readonly gateway: string | null;
  /** Given; null: asked for. */
  readonly gatewayMac: string | null;
}

export interface Devices {
  readonly hosts: readonly HostSpec[];
  /** By name: of Ethernet interfaces, and of addresses. */
  readonly endpoints: ReadonlyMap<string, DeviceEnd>;
  readonly errors: readonly string[];
}

const mostVlans = 1;

function faultsOf(ethernet: Ethernet, ports: ReadonlySet<string>, at: string): readonly string[] {
  const faults: string[] = [];
  const port = ethernet.connection?.port_name;
  if (ethernet.mac === undefined) faults.push(`${at}.mac: is needed`);
  if (port === undefined) faults.push(`${at}.connection.port_name: is needed`);
  else if (!ports.has(port)) faults.push(`${at}.connection.port_name: there is no port "${port}"`);
  if (ethernet.vlans.length > mostVlans) {
    faults.push(`${at}.vlans[${mostVlans}]: not supported: a device has one VLAN tag`);
  }
  for (const [k, { tpid, priority }] of ethernet.vlans.entries()) {
    if (tpid !== "x8100") faults.push(`${at}.vlans[${k}].tpid: not supported: a device's tag is x8100`);
    if (priority !== 0) faults.push(`${at}.vlans[${k}].priority: not supported: a device's tag has priority 0`);
  }
  return faults;
}

function endpointsOf(ethernet: Ethernet, device: string): readonly DeviceEnd[] {
  const { name, mac = "", vlans } = ethernet;
  const port = ethernet.connection?.port_name ?? "";
  const common = { device, ethernet: name, port, mac, vlan: vlans[0]?.id ?? null };
  const ofAddress = (address: Address, family: 4 | 6): DeviceEnd => ({
    ...common,
    ...{ name: address.name, address: address.address, family, prefix: address.prefix, gateway: address.gateway },
    gatewayMac: address.gateway_mac?.choice === "value" ? (address.gateway_mac.value ?? null) : null,
  });
  return [
    { ...common, name, address: null, family: null, prefix: 0, gateway: null, gatewayMac: null },
    ...ethernet.ipv4_addresses.map((address) => ofAddress(address, 4)),
    ...ethernet.ipv6_addresses.map((address) => ofAddress(address, 6)),
  ];
}

export function devicesOf({ devices, ports }: Config): Devices {
  const names = new Set(ports.map(({ name }) => name));
  const errors: string[] = [];
  const endpoints = new Map<string, DeviceEnd>();
  const hosts: HostSpec[] = [];
  for (const [d, device] of devices.entries()) {
    for (const [e, ethernet] of device.ethernets.entries()) {
      const faults = faultsOf(ethernet, names, `devices[${d}].ethernets[${e}]`);
      errors.push(...faults);
      if (faults.length > 0) continue;
      for (const endpoint of endpointsOf(ethernet, device.name)) endpoints.set(endpoint.name, endpoint);
      hosts.push({
        ...{ name: ethernet.name, port: ethernet.connection!.port_name!, mac: ethernet.mac! },
        ipv4: ethernet.ipv4_addresses.map(({ address }) => address),
        ipv6: ethernet.ipv6_addresses.map(({ address }) => address),
        vlan: ethernet.vlans[0]?.id ?? null,
      });
    }
  }
  return { hosts, endpoints, errors };
}
