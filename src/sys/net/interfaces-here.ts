/** The network interfaces of this process's namespace, for people. */
import { PktgenError } from "../../errors.js";
import { interfaceDriver, interfaceSpeedBps, listInterfaces } from "./netdev.js";

export interface ListedInterface {
  readonly name: string;
  readonly type: string;
  readonly driver: string | null;
  readonly mtu: number;
  readonly state: string;
  readonly speedBps: number | null;
}

/** None where the kernel does not tell. */
export function interfacesHere(): ListedInterface[] {
  try {
    return listInterfaces().map(({ name, linkTypeName, kind, mtu, up, carrier }) => ({
      name,
      type: kind ?? linkTypeName,
      driver: interfaceDriver(name),
      mtu,
      state: !up ? "down" : carrier ? "up" : "up, no carrier",
      speedBps: up && carrier ? interfaceSpeedBps(name) : null,
    }));
  } catch (error) {
    if (error instanceof PktgenError) return [];
    throw error;
  }
}
