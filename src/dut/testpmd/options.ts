/** The options of `--dut testpmd,container=none,huge=off,…`, from text to typed values. */

import { usageError } from "../../errors.js";
import { OptionList } from "../../option-list.js";
import { type DutOption, oneOf, parseRingSize } from "../option-text.js";
import { type ContainerWish, containerWishes } from "./containers.js";
import { type ForwardingMode, forwardingModes } from "./description.js";
import { type GeneratorSide, generatorSideWords, parseGeneratorSide } from "./generator-port.js";
import { type CoreChoice, coreChoices } from "./lcores.js";
import { type HugeChoice, hugeChoices } from "./limitations.js";
import { type RingVariant, ringVariants } from "./vdev.js";

export interface TestpmdOptions {
  /** Where the container's testpmd runs; none: as a plain process. */
  readonly container: ContainerWish;
  /** null: the one that `npm run lab:image` builds. */
  readonly image: string | null;
  /** Hugepages for both; off: plain memory, which needs no root; auto: on where there are enough. */
  readonly huge: HugeChoice;
  /** Queue size of the container's virtio_user; null: DPDK's default. */
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
  /** The options as they were given, for the report. */
  readonly given: readonly string[];
}

type Values = { readonly [K in keyof Omit<TestpmdOptions, "given">]: TestpmdOptions[K] };

function word(text: string, where: string): string {
  if (text !== "") return text;
  throw usageError("a name or path is missing", { where, accepted: "not nothing" });
}

/** The least that virtio_user takes for queue_size. */
const leastRingSize = 32;

/** Every option once: parsing, help and errors come from here. */
export const testpmdOptionTable = {
  container: {
    example: "podman",
    means: `where the second testpmd runs: ${containerWishes.join(", ")} (auto: the first engine that works, else none)`,
    parse: (text, where) => oneOf(containerWishes, text, where),
  },
  image: {
    example: "dpdk_image",
    means: "the container's image (default: the one that npm run lab:image builds)",
    parse: word,
  },
  huge: {
    example: "on",
    means: "hugepages: on; off (default), which needs neither root nor reserved memory; auto: on if there are enough",
    parse: (text, where) => oneOf(hugeChoices, text, where),
  },
  ring: {
    example: "packed-mergeable",
    means: `virtio path of the container's port: ${Object.keys(ringVariants).join(", ")}`,
    parse: (text, where) => oneOf(Object.keys(ringVariants) as RingVariant[], text, where),
  },
  mode: {
    example: "macswap",
    means: `what the container's testpmd does with frames: ${forwardingModes.join(", ")}`,
    parse: (text, where) => oneOf(forwardingModes, text, where),
  },
  size: {
    example: "1024",
    means: "descriptors per ring",
    parse: (text, where) => parseRingSize(text, where, leastRingSize),
  },
  cores: {
    example: "own",
    means: `CPUs of their own for all pollers, or shared ones: ${coreChoices.join(", ")}`,
    parse: (text, where) => oneOf(coreChoices, text, where),
  },
  port: {
    example: "af_packet:veth1",
    means: `the host's port that faces the generator (then say --tx): ${generatorSideWords} (default: vhost)`,
    parse: parseGeneratorSide,
  },
  program: {
    example: "/opt/dpdk/app/dpdk-testpmd",
    means: "the host's testpmd (default: dpdk-testpmd from PATH)",
    parse: word,
  },
} as const satisfies Readonly<Record<keyof Values, DutOption>>;

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

const optionList = new OptionList<DutOption, typeof testpmdOptionTable>(testpmdOptionTable, {
  unknown: (name) => `testpmd has no option "${name}"`,
  meant: (name) => `${name}=`,
  noValue: (name, { example }) => ({ what: `the option ${name} has no value`, accepted: `e.g. ${name}=${example}` }),
  givenTwice: (name) => ({ what: `the option ${name} is given twice`, accepted: "each option once" }),
  whereOf: (where, name) => `${where} ${name}`,
  refusesEmpty: false,
});

/** `container=none,huge=off,ring=packed-mergeable`; empty: the defaults. Throws a usage error (2). */
export function parseTestpmdOptions(text: string, where = "--dut"): TestpmdOptions {
  const given = text.split(",").filter((part) => part !== "");
  return { ...defaults, ...optionList.parse(given, where), given };
}
