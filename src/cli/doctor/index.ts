/** The doctor: what is here, what is missing, what it is needed for, and the command that fixes it. */
import { hostFacts } from "../../sys/host.js";
import type { CheckGroup, DoctorCheck } from "./check.js";
import { checkFigures } from "./figures.js";
import { checkDevelopment, checkFleet, checkInterfaces } from "./lab.js";
import { checkMainJob } from "./main-job.js";
import { checkTestpmdLab } from "./testpmd-lab.js";

export type { CheckGroup, DoctorCheck } from "./check.js";

/** All checks; takes two seconds at most where every program answers. Opens nothing that it does not close. */
export async function examine(): Promise<CheckGroup[]> {
  const host = hostFacts();
  const [mainJob, testpmdLab, development] = await Promise.all([
    checkMainJob(host),
    checkTestpmdLab(host),
    checkDevelopment(),
  ]);
  return [
    { neededFor: "the main job (pktgen-ts --sizes 64,1518)", checks: mainJob },
    { neededFor: "steady figures", checks: await checkFigures(host) },
    { neededFor: "DPDK's testpmd (--dut testpmd, plan, or the other side of --tx and --rx)", checks: testpmdLab },
    { neededFor: "Linux interfaces (packet:, tap:, xdp: ports)", checks: await checkInterfaces() },
    { neededFor: "one test over many hosts (--fleet nats://…)", checks: await checkFleet() },
    { neededFor: "the tests of pktgen-ts itself", checks: development },
  ];
}

/** Can the main job run? */
export const isWell = (groups: readonly CheckGroup[]): boolean =>
  groups.every(({ checks }) =>
    checks.every((check: DoctorCheck) => check.required !== true || check.state !== "missing"),
  );
