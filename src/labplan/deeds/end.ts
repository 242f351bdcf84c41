/** Ends a testpmd on purpose: it is asked to quit, or killed. */
import type { CaseLab, Deed, Shown } from "./deed.js";

export const quit: Deed<"quit"> = (lab, { device }) => endDevice(lab, device, false);

export const kill: Deed<"kill"> = (lab, { device }) => endDevice(lab, device, true);

async function endDevice({ setup, devices, generator }: CaseLab, name: string, isKilled: boolean): Promise<Shown> {
  const device = devices.get(name);
  if (devices.facesGenerator(name)) await generator.close();
  device.endedOnPurpose = true;
  if (isKilled) {
    device.process.kill("SIGKILL");
    if (device.launch.contained) await setup.facts.launcher?.remove(device.launch.name);
  }
  await device.process[Symbol.asyncDispose]();
  devices.keepTranscripts();
  devices.remove(name);
  return {};
}
