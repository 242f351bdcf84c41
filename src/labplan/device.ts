/** A testpmd of a plan while it runs, with its counters since it was launched. */
import type { DeviceHopQueueCounters } from "../dut/dut.js";
import {
  type ForwardStats,
  type PortStats,
  type PortXstats,
  parseForwardStats,
  parsePortStats,
  parsePortXstats,
} from "../dut/testpmd/parse.js";
import type { TestpmdProcess } from "../dut/testpmd/process.js";
import { isAtLeast } from "../dut/testpmd/version.js";
import type { PlannedLaunch } from "./planned.js";

/** Frames of the generator since a device's launch: what its ports must have counted. */
export interface ExpectedCounts {
  sent: number;
  received: number;
  /** Everything was sent at a pace: then what was sent must have gone everywhere. */
  exact: boolean;
}

export interface DeviceReading {
  readonly xstats: readonly PortXstats[];
  readonly forward: ForwardStats | null;
}

const dropKey = (rxPort: number, txPort: number, queue: number): string => `${rxPort}/${queue}>${txPort}`;

export class RunningDevice {
  readonly launch: PlannedLaunch;
  readonly process: TestpmdProcess;
  /** Ended by a step of the plan: nothing to complain about. */
  endedOnPurpose = false;
  readonly expected: ExpectedCounts = { sent: 0, received: 0, exact: true };
  #forwarding = false;
  /** What earlier forwarding, until its `stop`, dropped. */
  readonly #droppedBefore = new Map<string, number>();

  constructor(launch: PlannedLaunch, process: TestpmdProcess) {
    this.launch = launch;
    this.process = process;
  }

  get name(): string {
    return this.launch.device.name;
  }

  /** Types a command of the plan. What `stop` prints is the last word on what was dropped since `start`. */
  async type(text: string): Promise<string> {
    const answer = await this.process.run(text);
    if (/^start\b/.test(text) && /packet forwarding - ports=/.test(answer)) this.#forwarding = true;
    if (text === "stop" && this.#forwarding) {
      this.#forwarding = false;
      this.#keepDrops(parseForwardStats(answer));
    }
    if (/^clear port stats\b/.test(text)) Object.assign(this.expected, { sent: 0, received: 0, exact: true });
    return answer;
  }

  /** `show port stats all`. */
  async portStats(): Promise<readonly PortStats[]> {
    return parsePortStats(await this.process.run("show port stats all"));
  }

  async read(): Promise<DeviceReading> {
    const xstats = parsePortXstats(await this.process.run("show port xstats all"));
    const forward = this.#forwarding ? parseForwardStats(await this.process.run("show fwd stats all")) : null;
    return { xstats, forward };
  }

  /** One direction through the device, per queue. null: a port has no counters, because it has no peer. */
  hopQueues(reading: DeviceReading, rxPort: number, txPort: number): DeviceHopQueueCounters[] | null {
    const rx = reading.xstats.find(({ port }) => port === rxPort);
    const tx = reading.xstats.find(({ port }) => port === txPort);
    if (rx === undefined || tx === undefined || rx.queues.length === 0 || tx.queues.length === 0) return null;
    return Array.from({ length: this.launch.device.queues }, (_, queue) => {
      const from = rx.queues.find((each) => each.queue === queue);
      const to = tx.queues.find((each) => each.queue === queue);
      // A driver's rx errors are frames that it took and threw away before it counted them.
      const errors = from?.rxErrors ?? 0;
      const before = this.#droppedBefore.get(dropKey(rxPort, txPort, queue)) ?? 0;
      const now = reading.forward === null ? 0 : this.#dropped(reading.forward, tx, rxPort, queue);
      return {
        queue,
        rxPackets: (from?.rxPackets ?? 0) + errors,
        txPackets: to?.txPackets ?? 0,
        rxBytes: from?.rxBytes ?? 0,
        txBytes: to?.txBytes ?? 0,
        dropped: errors + before + now,
        duplicated: 0,
        inside: 0,
        waiting: null,
      };
    });
  }

  /**
   * fwd_dropped since `start`. testpmd prints streams only where there are more of them than ports. Else the queue has
   * the sum of the port. From 23.03 on, that sum contains the tx errors of the driver, which are the same frames again
   * for net_vhost.
   */
  #dropped({ streams, ports }: ForwardStats, tx: PortXstats | null, rxPort: number, queue: number): number {
    if (this.launch.device.queues > 1) {
      return streams.find((each) => each.rxPort === rxPort && each.rxQueue === queue)?.dropped ?? 0;
    }
    const txPort = tx?.port ?? rxPort;
    const sum = ports.find(({ port }) => port === txPort)?.txDropped ?? 0;
    return sum - (isAtLeast(this.process.version, "23.03") ? (tx?.counters.get("tx_errors") ?? 0) : 0);
  }

  /** From the answer to `stop`, which has no xstats with it: port sums are taken as they are. */
  #keepDrops(forward: ForwardStats): void {
    const ports = this.launch.device.vdevs.length;
    const { queues } = this.launch.device;
    for (let rxPort = 0; rxPort < ports; rxPort++) {
      const txPort = (rxPort ^ 1) < ports ? rxPort ^ 1 : rxPort;
      for (let queue = 0; queue < queues; queue++) {
        const key = dropKey(rxPort, txPort, queue);
        const dropped =
          queues > 1
            ? (forward.streams.find((each) => each.rxPort === rxPort && each.rxQueue === queue)?.dropped ?? 0)
            : (forward.ports.find(({ port }) => port === txPort)?.txDropped ?? 0);
        this.#droppedBefore.set(key, (this.#droppedBefore.get(key) ?? 0) + dropped);
      }
    }
  }
}
