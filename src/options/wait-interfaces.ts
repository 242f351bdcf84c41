/** `--wait-interfaces`: interfaces that come after the process, as containerlab brings them, and the ports on them. */
import { usageError } from "../errors.js";
import { optional } from "./option.js";
import { count, parsePort } from "./option-values.js";

interface InterfacePort {
  readonly name: string;
  readonly spec: ReturnType<typeof parsePort>;
}

/** As many as a containerlab node has links at most, and enough for one process. */
const mostInterfaces = 64;
/** What containerlab says in each of its containers: how many links the node has. */
const variable = "CLAB_INTFS";

const number = count(0, mostInterfaces);

export const waitInterfacesOption = optional(
  "--wait-interfaces [n]",
  `waits until the interfaces eth1 to ethN are there and up, and offers each as a port of its name (default: $${variable})`,
  number,
);

const portOn = (name: string, where: string): InterfacePort => ({ name, spec: parsePort(`packet:${name}`, where) });

/** `--port eth1` alone: the interface is the name, too. null: it says something else. */
export const interfacePort = (text: string, where: string): InterfacePort | null =>
  /^[A-Za-z0-9][\w.-]{0,14}$/.test(text) ? portOn(text, where) : null;

/** What is waited for. `given`: how many, or true: as many as the environment says. @throws PktgenError (2) */
export function awaitedPorts(given: number | true | undefined, environment: NodeJS.ProcessEnv): InterfacePort[] {
  const where = "--wait-interfaces";
  if (given === undefined) return [];
  const text = environment[variable];
  if (given === true && text === undefined) {
    throw usageError(`${variable} is not in the environment, so that nobody knows how many`, {
      where,
      accepted: `a number, 0 to ${mostInterfaces}; inside containerlab it may be left out`,
    });
  }
  const many = given === true ? number(text!, `${where} ($${variable})`) : given;
  return Array.from({ length: many }, (_, k) => portOn(`eth${k + 1}`, where));
}

/** Those that were named, and the awaited ones that were not. */
export const withAwaited = <Port extends InterfacePort>(named: readonly Port[], awaited: readonly Port[]): Port[] => [
  ...named,
  ...awaited.filter(({ name }) => !named.some((port) => port.name === name)),
];
