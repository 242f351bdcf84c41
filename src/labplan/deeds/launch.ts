/** Deeds that prepare: hugepages, and a testpmd that is started. */
import { launcherIn } from "../../dut/testpmd/links.js";
import { startTestpmd } from "../../dut/testpmd/process.js";
import { RunningDevice } from "../device.js";
import type { PlannedLaunch } from "../planned.js";
import { launchLine } from "../steps.js";
import { type CaseSetup, caseFolder, type Deed } from "./deed.js";

export const mountHugepages: Deed<"mount hugepages"> = ({ setup }, { wish }) =>
  wish === null ? {} : { notes: setup.mountHugepages() };

export const launch: Deed<"launch"> = async ({ setup, devices }, { launch: planned }) => {
  const { facts, folder, signal, say } = setup;
  const commandLine = launchLine(planned, facts);
  say(`          ${commandLine}`);
  const file = `${caseFolder(setup)}/${devices.fileOf(planned.device.name)}`;
  const { literal } = planned;
  const asInPlan = literal === null ? "" : `# as the plan has it:\n# ${literal}\n`;
  folder.write(`${file}.command.txt`, `${asInPlan}${commandLine}\n`);
  const process = await startTestpmd(
    planned.description,
    {
      launcher: launcherOf(setup, planned),
      name: planned.name,
      mounts: planned.mounts,
      runtimeDirectory: facts.runtimeDirectory,
      sockets: planned.sockets,
      hugepageDirectory: planned.hugepages?.mount ?? null,
    },
    signal,
  );
  const output = `${file}.transcript.txt`;
  devices.add(new RunningDevice(planned, process), output);
  return { commandLine, ...(literal === null ? {} : { literal }), output, notes: notesOf(setup, planned) };
};

function launcherOf({ facts, plain }: CaseSetup, { contained, netns }: PlannedLaunch) {
  const engine = contained ? (facts.launcher ?? plain) : plain;
  return netns === null ? engine : launcherIn(engine, netns);
}

function notesOf({ facts: { launcher } }: CaseSetup, { device, contained, description }: PlannedLaunch): string[] {
  const plain = device.place === "container" && !contained;
  const cores = description.lcores.forwarding;
  return [
    ...(plain ? [`${device.name} runs outside of a container: ${launcher?.description ?? "container=none"}`] : []),
    ...(cores < device.cores
      ? [`${device.name} has ${cores} forwarding core instead of ${device.cores}: there are too few CPUs`]
      : []),
  ];
}
