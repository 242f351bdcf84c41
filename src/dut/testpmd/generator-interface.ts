/**
 * The interface that the host's testpmd opens for the generator: it has to be there, and a forwarding testpmd sends all
 * that it gets on it, so it must be one that may be sent on.
 */
import { readdirSync } from "node:fs";
import { checkMaySend } from "../../port/interface.js";
import { readInterface, usableInterface } from "../../sys/net/netdev.js";
import type { GeneratorSide } from "./generator-port.js";

const defaultDomain = "0000:";

/** The kernel's interfaces on a PCI device; none where a driver of DPDK's has it. */
function interfacesOf(address: string, root: string): string[] {
  const full = address.split(":").length === 2 ? defaultDomain + address : address;
  try {
    return readdirSync(`${root}/sys/bus/pci/devices/${full}/net`);
  } catch {
    return [];
  }
}

/**
 * `root`: a folder in the place of / for tests.
 * @throws PktgenError (3): there is no such interface; (2): the machine lives by it.
 */
export function checkGeneratorInterface(side: GeneratorSide, yesThisInterface: boolean, root = ""): void {
  const leave = { sends: true, yesThisInterface };
  switch (side.kind) {
    case "vhost":
      return;
    case "af_packet":
    case "af_xdp": {
      const where = `--dut testpmd,port=${side.kind}:${side.interfaceName}`;
      // The other end may come up with testpmd's.
      checkMaySend(usableInterface(side.interfaceName, { where, sendBytes: 0, carrier: false }), where, leave);
      return;
    }
    case "tap": {
      // Made where it is not there.
      const facts = readInterface(side.interfaceName);
      if (facts !== null) checkMaySend(facts, `--dut testpmd,port=tap:${side.interfaceName}`, leave);
      return;
    }
    case "pci":
      for (const name of interfacesOf(side.address, root)) {
        const facts = readInterface(name);
        if (facts !== null) checkMaySend(facts, `--dut testpmd,port=pci:${side.address}`, leave);
      }
  }
}
