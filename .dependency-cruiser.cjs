/**
 * "Imports go down" (ARCHITECTURE.md), as rules that run with the tests:
 *
 *   cli  api  page
 *    ↓
 *   serve  otg
 *    ↓
 *   fleet
 *    ↓
 *   options
 *    ↓
 *   labplan
 *    ↓
 *   method  capture  import
 *    ↓
 *   measure  session
 *    ↓
 *   dut  profile  report
 *    ↓
 *   result
 *    ↓
 *   engine
 *    ↓
 *   program
 *    ↓
 *   port  stream  stats
 *    ↓
 *   ring  packet  pcap  sys
 *    ↓
 *   leaves: files of src/ itself, except index.ts
 *
 * Inside the engine: main stands on generator, this on trial and session, these and replay on neighbour, rehearsal and worker, these on receive,
 * these on transmit, forward and pipe, all of them on loop.
 *
 * A type may be imported upwards, since nothing of it is left at run time; a value may not.
 */
const floors = [
  ["ring", "packet", "pcap", "sys"],
  ["port", "stream", "stats"],
  ["program"],
  ["engine"],
  ["result"],
  ["dut", "profile", "report"],
  ["measure", "session"],
  ["method", "capture", "import"],
  ["labplan"],
  ["options"],
  ["fleet"],
  ["serve", "otg"],
  ["cli", "api", "page"],
];

const engineFloors = [
  ["loop"],
  ["transmit", "forward", "pipe"],
  ["receive", "worker"],
  ["neighbour", "rehearsal"],
  ["trial", "replay", "session"],
  ["generator"],
];

const rooms = (names) => `^src/(${names.join("|")})/`;
const leaves = "^src/(?!index\\.ts)[^/]+\\.ts$";
const values = {};
const nodeBuiltins = { dependencyTypes: ["core"] };

/** One rule per floor: it imports no value of a floor above. */
const down = floors.slice(0, -1).map((floor, level) => ({
  name: `imports-go-down-from-${floor.join("-")}`,
  severity: "error",
  from: { path: rooms(floor) },
  to: { path: rooms(floors.slice(level + 1).flat()), ...values },
}));

const engineRooms = (names) => `^src/engine/(${names.join("|")})/`;
const downInEngine = engineFloors.slice(0, -1).map((floor, level) => ({
  name: `imports-go-down-from-engine-${floor.join("-")}`,
  severity: "error",
  from: { path: engineRooms(floor) },
  to: { path: [engineRooms(engineFloors.slice(level + 1).flat()), "^src/engine/main\\.ts$"], ...values },
}));

/**
 * The engine's rooms are entered through their index.ts. Side doors stand for themselves: what is in them is loaded
 * without the rest of the room, by help, by device options and by the owner of capture threads.
 */
const sideDoors = {
  forward: ["fault-spec", "modes"],
  pipe: ["capture-filter", "drain", "feeder", "thread"],
};
const frontDoors = engineFloors.flat().map((room) => ({
  name: `engine-${room}-has-a-front-door`,
  severity: "error",
  from: { path: "^src/", pathNot: [`^src/engine/${room}/`, "^src/engine/main\\.ts$"] },
  to: {
    path: `^src/engine/${room}/`,
    pathNot: `^src/engine/${room}/(${["index", ...(sideDoors[room] ?? [])].join("|")})\\.ts$`,
  },
}));

/**
 * Rooms that are entered by few of their files. The others have no door to hold: in stats, stream, sys, measure, options and
 * result most files are a thing of their own that somebody above asks for. A new door is a word here, on purpose.
 */
const doors = {
  capture: ["compare/compare", "info", "replay"],
  dut: ["index", "dut", "start", "run-command", "(embedded|testpmd)/options", "external/(index|source-spec)"],
  fleet: ["index"],
  import: ["trex/index"],
  labplan: ["index", "file/(index|expected)"],
  packet: ["index", "address", "field", "(found-headers|header-walk)", "filter(-value)?"].concat(
    ["flow-number", "mask", "outline", "protocols", "rewrite"],
  ),
  pcap: ["index", "capture", "codec", "link-types", "file(-reader|-writer)?"],
  port: ["index", "(own-)?interface", "kinds?", "movers", "port", "spec", "vhost-user/message", "xdp/program"],
  profile: ["index", "check", "document", "frame-file", "parameters", "threshold", "written"],
  program: ["load-program"],
  report: ["index", "html/index", "live-(history|view)", "page-document", "progress", "dts", "openmetrics"].concat(
    ["capture-info", "plan-table", "profile-(facts|graph|text)", "(compare|replay)-text"],
  ),
  session: ["index"],
  serve: ["index", "contract", "http/(guard|guarded-server)"],
  otg: ["index"],
  ring: ["index", "ring", "open", "copy(-burst)?", "kernel/(slot-ring|uring)", "virtqueue/virtqueue"],
};
/** Test plans and doctor know testpmd inside out, and a test plan knows how a device is ended. */
const partsOfDevices = {
  from: "^src/(labplan|cli/doctor)/",
  to: ["^src/dut/testpmd/", "^src/dut/(embedded/directory|way-out)\\.ts$"],
};
const roomDoors = Object.entries(doors).map(([room, files]) => ({
  name: `${room}-is-entered-by-its-doors`,
  comment: "import one of the room's doors, or make one on purpose: a word in .dependency-cruiser.cjs",
  severity: "error",
  from: { path: "^src/", pathNot: [`^src/${room}/`, ...(room === "dut" ? [partsOfDevices.from] : [])] },
  to: { path: `^src/${room}/`, pathNot: `^src/${room}/(${files.join("|")})\\.ts$` },
}));
const deviceDoor = {
  name: "dut-is-entered-by-labplan-and-doctor-at-testpmd-too",
  severity: "error",
  from: { path: partsOfDevices.from },
  to: { path: "^src/dut/", pathNot: [...partsOfDevices.to, `^src/dut/(${doors.dut.join("|")})\\.ts$`] },
};
/** Of a method's parts, what others see: the search and RFC 2544 by their index, thresholds and baselines. */
const methodParts = {
  name: "method-has-parts-of-its-own",
  severity: "error",
  from: { path: "^src/", pathNot: "^src/method/" },
  to: {
    path: "^src/method/[^/]+/",
    pathNot: "^src/method/(search/index|rfc2544/(index|settings)|judge/(baseline|thresholds))\\.ts$",
  },
};

/** Rooms that know neither the time nor the system: pure code. */
const pure = ["packet", "ring", "stream", "stats", "result", "report", "page"].map((room) => ({
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
  yaml: "^src/(profile|labplan/file)/",
  amaro: "^src/program/load-program\\.ts$",
  zod: "^src/(profile|result|labplan/file|fleet|serve)/",
  "@nats-io": "^src/fleet/nats/",
  "@grpc": "^src/otg/servers/",
  "@preact": "^src/page/",
  preact: "^src/page/",
  uplot: "^src/page/",
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
    ...downInEngine,
    ...frontDoors,
    ...roomDoors,
    deviceDoor,
    methodParts,
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
      to: { circular: true },
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
      // The page is bundled by the build.
      from: { path: "^src/", pathNot: "^src/page/" },
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
