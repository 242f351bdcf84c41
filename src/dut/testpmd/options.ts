/** The options of `--dut testpmd,container=none,huge=off,…`, from text to typed values. */

import { usageError } from "../../errors.js";
import { nearest } from "../../nearest.js";
import { type DutOption, oneOf, parseRingSize } from "../option-text.js";
import { type ContainerWish, containerWishes } from "./containers.js";
import { type ForwardingMode, forwardingModes, type RingVariant, ringVariants } from "./description.js";
import { type GeneratorSide, generatorSideWords, parseGeneratorSide } from "./generator-port.js";
import { type CoreChoice, coreChoices } from "./lcores.js";
import { type HugeChoice, hugeChoices } from "./limitations.js";

export interface TestpmdOptions {
  /** Where the container's testpmd runs; none: as a plain process. */
  readonly container: ContainerWish;
  /** null: the one that `npm run lab:image` builds. */
  readonly image: string | null;
  /** Hugepages for both; off: plain memory, which needs no root; auto: on where there are enough. */
  readonly huge: HugeChoice;
  /** Of the container's virtio_user; null: DPDK's default. */
  readonly ring: RingVariant | null;
  /** What the container's testpmd does with frames. */
  readonly mode: ForwardingMode;
  /** Descriptors per ring. */
  readonly size: number;
  readonly cores: CoreChoice;
  /** The host's port that faces the generator. */
  readonly port: GeneratorSide;
  /** The host's program; null: dpdk-testpmd from PATH. */
  readonly program: string | null;
  /** As they were given, for the report. */
  readonly given: readonly string[];
}

type Values = { -readonly [K in keyof Omit<TestpmdOptions, "given">]: TestpmdOptions[K] };

function word(text: string, where: string): string {
  if (text !== "") return text;
  throw usageError("a name or path is missing", { where, accepted: "not nothing" });
}

/** The least that virtio_user takes for queue_size. */
const leastRingSize = 32;

/** Every option once: parsing, help and errors come from here. */
export const testpmdOptionTable: Readonly<Record<keyof Values, DutOption<Values>>> = {
  container: {
    example: "podman",
    means: `where the second testpmd runs: ${containerWishes.join(", ")} (auto: the first engine that works, else none)`,
    set: (values, text, where) => {
      values.container = oneOf(containerWishes, text, where);
    },
  },
  image: {
    example: "dpdk_image",
    means: "the container's image (default: the one that npm run lab:image builds)",
    set: (values, text, where) => {
      values.image = word(text, where);
    },
  },
  huge: {
    example: "on",
    means: "hugepages: on; off (default), which needs neither root nor reserved memory; auto: on if there are enough",
    set: (values, text, where) => {
      values.huge = oneOf(hugeChoices, text, where);
    },
  },
  ring: {
    example: "packed-mergeable",
    means: `virtio path of the container's port: ${Object.keys(ringVariants).join(", ")}`,
    set: (values, text, where) => {
      values.ring = oneOf(Object.keys(ringVariants) as RingVariant[], text, where);
    },
  },
  mode: {
    example: "macswap",
    means: `what the container's testpmd does with frames: ${forwardingModes.join(", ")}`,
    set: (values, text, where) => {
      values.mode = oneOf(forwardingModes, text, where);
    },
  },
  size: {
    example: "1024",
    means: "descriptors per ring",
    set: (values, text, where) => {
      values.size = parseRingSize(text, where, leastRingSize);
    },
  },
  cores: {
    example: "own",
    means: `CPUs of their own for all pollers, or shared ones: ${coreChoices.join(", ")}`,
    set: (values, text, where) => {
      values.cores = oneOf(coreChoices, text, where);
    },
  },
  port: {
    example: "af_packet:veth1",
    means: `the host's port that faces the generator (then say --tx): ${generatorSideWords} (default: vhost)`,
    set: (values, text, where) => {
      values.port = parseGeneratorSide(text, where);
    },
  },
  program: {
    example: "/opt/dpdk/app/dpdk-testpmd",
    means: "the host's testpmd (default: dpdk-testpmd from PATH)",
    set: (values, text, where) => {
      values.program = word(text, where);
    },
  },
};

const defaults: Values = {
  container: "auto",
  image: null,
  huge: "off",
  ring: null,
  mode: "io",
  size: 1024,
  cores: "auto",
  port: { kind: "vhost" },
  program: null,
};

/** One `name=value`; throws a usage error that names the nearest option. */
function setOption(values: Values, part: string, where: string): void {
  const equals = part.indexOf("=");
  const name = equals < 0 ? part : part.slice(0, equals);
  const names = Object.keys(testpmdOptionTable);
  if (!Object.hasOwn(testpmdOptionTable, name)) {
    const meant = nearest(name, names);
    const hint = meant === null ? {} : { hint: `did you mean ${meant}=?` };
    throw usageError(`testpmd has no option "${name}"`, { where, accepted: names.join(", "), ...hint });
  }
  const option = testpmdOptionTable[name as keyof Values];
  if (equals < 0) {
    throw usageError(`the option ${name} has no value`, { where, accepted: `e.g. ${name}=${option.example}` });
  }
  option.set(values, part.slice(equals + 1), `${where} ${name}`);
}

/** `container=none,huge=off,ring=packed-mergeable`; empty: the defaults. Throws a usage error (2). */
export function parseTestpmdOptions(text: string, where = "--dut"): TestpmdOptions {
  const given = text.split(",").filter((part) => part !== "");
  const values: Values = { ...defaults };
  for (const part of given) setOption(values, part, where);
  return { ...values, given };
}
