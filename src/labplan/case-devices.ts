/** The testpmds of a case while they run, and the files that their transcripts go to. */
import { invalidError } from "../errors.js";
import type { RunningDevice } from "./device.js";
import type { ResultsFolder } from "./evidence.js";
import { type PathPort, portsOnPath } from "./path.js";
import type { PlannedTraffic } from "./planned.js";
import { type PlannedCase, trafficsIn } from "./steps.js";

export class CaseDevices {
  readonly #folder: ResultsFolder;
  readonly #traffics: readonly PlannedTraffic[];
  readonly #running = new Map<string, RunningDevice>();
  /** Everything that was started, ended or not. */
  readonly #transcripts: { readonly device: RunningDevice; readonly file: string }[] = [];
  #version: string | null = null;

  constructor(folder: ResultsFolder, planned: PlannedCase) {
    this.#folder = folder;
    this.#traffics = trafficsIn([planned]);
  }

  /** DPDK's own version, of the first one that said it. null: none did. */
  get version(): string | null {
    return this.#version;
  }

  get running(): readonly RunningDevice[] {
    return [...this.#running.values()];
  }

  /** Name of the files of the next start: a device that is started again has a number. */
  fileOf(name: string): string {
    const earlier = this.#transcripts.filter(({ device }) => device.name === name).length;
    return earlier === 0 ? name : `${name}-${earlier + 1}`;
  }

  add(device: RunningDevice, file: string): void {
    this.#running.set(device.name, device);
    this.#transcripts.push({ device, file });
    this.#version ??= device.process.version?.text ?? null;
  }

  remove(name: string): void {
    this.#running.delete(name);
  }

  /** @throws PktgenError (4): it does not run. */
  get(name: string): RunningDevice {
    const device = this.#running.get(name);
    if (device === undefined) throw invalidError(`${name} does not run`);
    return device;
  }

  /** @throws PktgenError (4): one has ended, and no step of the plan ended it. */
  checkAlive(): void {
    const died = this.running.find(({ process, endedOnPurpose }) => !endedOnPurpose && process.ended() !== null);
    if (died !== undefined) throw invalidError(`${died.name} is gone: ${died.process.ended()!.sentence}`);
  }

  /** Ports of the device that any traffic of this case passes. */
  portsOf(name: string): PathPort[] {
    const [first] = this.#traffics;
    return first === undefined ? [] : portsOnPath(first.path).filter((port) => port.device === name);
  }

  /** The device has the other end of the generator's port, and frames pass it. */
  facesGenerator(name: string): boolean {
    return this.portsOf(name).length > 0 && this.#traffics.some(({ device }) => device === name);
  }

  keepTranscripts(): void {
    for (const { device, file } of this.#transcripts) this.#folder.write(file, device.process.evidence());
  }

  /** One function for each device that still runs, the one that was launched last first. */
  endings(): readonly (() => Promise<void>)[] {
    return this.running.toReversed().map((device) => async () => {
      if (device.process.ended() === null) await device.process.run("stop").catch(() => {});
      await device.process[Symbol.asyncDispose]();
      this.#running.delete(device.name);
    });
  }
}
