/**
 * "Imports go down" (ARCHITECTURE.md), as rules that run with the tests:
 *
 *   cli
 *    ↓
 *   method  dut  report  profile
 *    ↓
 *   engine
 *    ↓
 *   port  stream  stats
 *    ↓
 *   ring  packet  pcap  sys
 *    ↓
 *   leaves: errors.ts units.ts clock.ts random.ts nearest.ts terminal-text.ts tolerances.ts
 *
 * A type may be imported upwards, since nothing of it is left at run time; a value may not.
 */
const floors = [
  ["ring", "packet", "pcap", "sys"],
  ["port", "stream", "stats"],
  ["engine"],
  ["method", "dut", "report", "profile"],
  ["cli"],
];

const rooms = (names) => `^src/(${names.join("|")})/`;
const leaves = "^src/(errors|units|clock|random|nearest|terminal-text|tolerances)\\.ts$";
const values = { dependencyTypesNot: ["type-only"] };
const nodeBuiltins = { dependencyTypes: ["core"] };

/** One rule per floor: it imports no value of a floor above. */
const down = floors.slice(0, -1).map((floor, level) => ({
  name: `imports-go-down-from-${floor.join("-")}`,
  severity: "error",
  from: { path: rooms(floor) },
  to: { path: rooms(floors.slice(level + 1).flat()), ...values },
}));

/** Rooms that know neither the time nor the system: pure code. */
const pure = ["packet", "ring", "stream", "stats", "report"].map((room) => ({
  name: `${room}-is-pure`,
  comment: `${room} does no I/O and reads no clock`,
  severity: "error",
  from: { path: `^src/${room}/` },
  to: nodeBuiltins,
}));

/** Packages that only one room may know. */
const owners = {
  koffi: "^src/sys/",
  commander: "^src/cli/",
  picocolors: "^src/(cli|report)/",
  "cli-table3": "^src/report/",
  yaml: "^src/profile/",
  amaro: "^src/engine/load-program\\.ts$",
  zod: "^src/(profile|report)/",
};
const owned = Object.entries(owners).map(([name, owner]) => ({
  name: `${name}-has-one-owner`,
  severity: "error",
  from: { path: "^src/", pathNot: owner },
  to: { path: `(^|/)node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    ...down,
    ...pure,
    ...owned,
    {
      name: "leaves-import-leaves",
      severity: "error",
      from: { path: leaves },
      to: { pathNot: leaves },
    },
    {
      name: "no-cycles",
      severity: "error",
      from: { path: "^src/" },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "pure-rooms-call-no-system",
      comment: "packet, ring, stream, stats and the search know neither the system nor ports",
      severity: "error",
      from: { path: ["^src/(packet|ring|stream|stats)/", "^src/method/search/"] },
      to: { path: "^src/(sys|port|engine)/", ...values },
    },
    {
      name: "packet-stands-alone",
      comment: "packet runs in a browser: nothing but leaves beside it",
      severity: "error",
      from: { path: "^src/packet/" },
      to: { pathNot: ["^src/packet/", leaves], ...values },
    },
    {
      name: "search-is-pure",
      severity: "error",
      from: { path: "^src/method/search/" },
      to: nodeBuiltins,
    },
    {
      name: "pcap-files-in-one-place",
      severity: "error",
      from: { path: "^src/pcap/", pathNot: "^src/pcap/file" },
      to: nodeBuiltins,
    },
    {
      name: "threads-belong-to-the-engine",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/engine/" },
      to: { path: "^(node:)?worker_threads$" },
    },
    {
      name: "processes-belong-to-duts-and-doctor",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(dut|cli/doctor)/" },
      to: { path: "^(node:)?child_process$" },
    },
    {
      name: "index-exports-only-below-cli",
      severity: "error",
      from: { path: "^src/index\\.ts$" },
      to: { path: "^src/cli/" },
    },
    {
      name: "shipped-code-needs-shipped-code",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|bench|scripts)/" },
    },
    {
      name: "shipped-code-needs-dependencies",
      severity: "error",
      from: { path: "^src/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "everything-resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
    },
  },
};
