/**
 * The thread of loop workers, one after the other. While it has a job it never returns to its event loop: it stands in
 * Atomics.wait and takes messages one by one, or it runs its job's `step`. So a ring is touched only between
 * `state = running` and `state = standing`, and the owner that waits for the latter may change memory. Between two jobs it
 * waits in its event loop, and has nothing of either.
 */
import { once } from "node:events";
import { parentPort, receiveMessageOnPort } from "node:worker_threads";
import { invalidError, PktgenError } from "../errors.js";
import type { RingMemory } from "../memory.js";
import { moverOf } from "../port/movers.js";
import type { PortRings, QueueRings } from "../port/port.js";
import { openRxRing, openTxRing } from "../ring/open.js";
import { RingFault } from "../ring/ring.js";
import { arenaMemory } from "../sys/arena.js";
import { monotonicClock } from "../sys/clock.js";
import { closeEventSignals } from "../sys/event-signal.js";
import { garbageCollector } from "../sys/garbage-collector.js";
import { pinThread, setTimerSlack, threadId, threadSleeper, yieldThread } from "../sys/thread.js";
import type { CreateJob, Job, OpenPort, OpenQueue } from "./loop/job.js";
import { kicker } from "./loop/kick.js";
import { LongRest, type RestingRing } from "./loop/long-rest.js";
import { longestSleepNs } from "./loop/times.js";
import { Recording } from "./pipe/recording-rings.js";
import { command, state, type ThreadSetup, word } from "./worker/control-page.js";
import type { JobName } from "./worker/loop-worker.js";
import type { FromThread, ToThread, Trouble } from "./worker/messages.js";

/** Idle turns before the thread yields, and yields before it sleeps: about 5 ms without work. */
const spinsBeforeYield = 16;
const yieldsBeforeSleep = 8192;
const shortestSleepNs = 50_000;

const owner = parentPort!;
const post = (message: FromThread): void => owner.postMessage(message);
const sleep = threadSleeper();
const nowNs = monotonicClock().nowNs;
/** The arena is the process's; a view of it is made once in a thread. */
let arenaView: RingMemory | null = null;

/** The refusal of a command. The port itself says which one it was. */
const peerBroke = ({ message }: RingFault): PktgenError =>
  invalidError(`the peer of a port broke its ring (${message}), and its connection was ended`);

const describe = (error: unknown): Trouble => ({
  message: error instanceof Error ? error.message : String(error),
  exitCode: error instanceof PktgenError ? error.exitCode : null,
  stack: error instanceof Error ? (error.stack ?? "") : "",
  code: error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? null) : null,
  details: error instanceof PktgenError ? error.details : {},
});

const jobs: Record<JobName, () => Promise<{ createJob: CreateJob; prepareJob?: (options: unknown) => Promise<void> }>> =
  {
    generator: () => import("./generator/job.js"),
    receiver: () => import("./trial/receive-job.js"),
    forwarders: () => import("./forward/forwarders-job.js"),
    replay: () => import("./replay/job.js"),
  };

interface OpenedPort {
  readonly rings: PortRings;
  readonly port: OpenPort;
}

/** Nothing ever comes in on a null ring. */
function restingRings({ rings, port: { queues } }: OpenedPort, port: number): RestingRing[] {
  return rings.queues.flatMap((queue, k) => {
    const { rx: ring } = queues[k]!;
    return ring === null || queue.rx?.format === "null" ? [] : [{ port, ring, queue }];
  });
}

/** One job from its setup to its end. All that the thread knows of it is in here, and goes with it. */
class HostedJob {
  readonly #setup: ThreadSetup;
  readonly #control: Int32Array;
  readonly #memory: RingMemory;
  readonly #inUse = { port: 0 };
  readonly #longRest: LongRest | null;
  readonly #recording: Recording | null;
  /** What is open of each port: positions are stored from it, and it tells whose ring broke. */
  readonly #open: (OpenedPort | null)[];
  readonly #job: Job;

  constructor(setup: ThreadSetup, memory: RingMemory, createJob: CreateJob) {
    this.#setup = setup;
    this.#control = new Int32Array(setup.control);
    this.#memory = memory;
    this.#open = Array.from({ length: setup.ports }, () => null);
    this.#recording = setup.recording === null ? null : new Recording(memory, setup.recording, nowNs);
    const control = this.#control;
    Atomics.store(control, word.threadId, threadId());
    setTimerSlack(1000);
    if (setup.cpu !== null && pinThread(setup.cpu)) Atomics.store(control, word.pinned, 1);
    this.#job = createJob({
      memory,
      options: setup.options,
      counters: new Float64Array(setup.counters),
      nowNs,
      post: (event) => post({ kind: "event", event }),
      inUse: this.#inUse,
      sleeps: () => Atomics.load(control, word.sleeps),
      busy: setup.busy,
    });
    this.#longRest = setup.wakeFd === null ? null : new LongRest(setup.wakeFd, this.#inUse);
  }

  /** Until its owner wants it to end. False: the thread has to end, too. */
  live(): boolean {
    try {
      return this.#serve() === command.leave;
    } catch (error) {
      post({ kind: "failure", ...describe(error) });
      return false;
    } finally {
      closeEventSignals();
      this.#longRest?.[Symbol.dispose]();
      Atomics.store(this.#control, word.state, state.ended);
      Atomics.notify(this.#control, word.state);
    }
  }

  #openQueue(queue: QueueRings, port: number): OpenQueue {
    const tx = queue.tx === null ? null : openTxRing(this.#memory, queue.tx, moverOf);
    const rx = queue.rx === null ? null : openRxRing(this.#memory, queue.rx, moverOf);
    return {
      tx: tx === null || this.#recording === null ? tx : this.#recording.tx(tx, port),
      rx: rx === null || this.#recording === null ? rx : this.#recording.rx(rx, port),
      live: queue.live ?? null,
      layouts: { tx: queue.tx, rx: queue.rx },
      notifyTx: kicker(queue.txKick),
      notifyRx: kicker(queue.rxKick),
    };
  }

  #attach(index: number, rings: PortRings | null): void {
    this.#open[index] = null;
    const port =
      rings === null
        ? null
        : { memory: this.#memory, queues: rings.queues.map((queue) => this.#openQueue(queue, index)) };
    if (rings !== null && port !== null) this.#open[index] = { rings, port };
    this.#watchRings();
    this.#job.attach(index, port);
  }

  /** What ends a long rest. */
  #watchRings(): void {
    const rings = this.#open.flatMap((entry, port) => (entry === null ? [] : restingRings(entry, port)));
    this.#longRest?.watch(rings);
  }

  /** A peer's memory may be wrong from the beginning. */
  #attachChecked(index: number, rings: PortRings | null): void {
    try {
      this.#inUse.port = index;
      this.#attach(index, rings);
    } catch (error) {
      if (!this.#reportFault(error)) throw error;
    }
  }

  /** Leaves each ring's position where the port's owner finds it for GET_VRING_BASE, and for re-opening. */
  #storePositions(): void {
    for (const entry of this.#open) {
      if (entry === null) continue;
      const positions = new Int32Array(entry.rings.positions);
      this.#inUse.port = this.#open.indexOf(entry);
      entry.rings.queues.forEach((queue, k) => {
        const { tx, rx } = entry.port.queues[k]!;
        if (queue.tx !== null && tx !== null) Atomics.store(positions, queue.tx.vring, tx.position());
        if (queue.rx !== null && rx !== null) Atomics.store(positions, queue.rx.vring, rx.position());
      });
    }
  }

  /** What the kernel took before it refused to take more counts as taken. */
  #lookLast(index: number): void {
    for (const { tx } of this.#open[index]?.port.queues ?? []) {
      try {
        tx?.position();
      } catch (error) {
        if (!(error instanceof RingFault)) throw error;
      }
    }
  }

  #answer(id: number, request: unknown): void {
    try {
      post({ kind: "answer", id, value: this.#job.command(request) });
    } catch (error) {
      // Commands look at rings, too: those that prepare a trial or report one.
      const isRingFault = this.#reportFault(error);
      post({ kind: "refusal", id, ...describe(isRingFault ? peerBroke(error as RingFault) : error) });
    }
  }

  #takeMessages(): void {
    for (let received = receiveMessageOnPort(owner); received !== undefined; received = receiveMessageOnPort(owner)) {
      const message = received.message as ToThread;
      if (message.kind === "attach") this.#attachChecked(message.index, message.rings);
      else this.#answer(message.id, message.request);
      Atomics.add(this.#control, word.handled, 1);
      Atomics.notify(this.#control, word.handled);
    }
  }

  /** Runs until the owner says stand. A small lab has more pollers than cores, so idle turns yield. */
  #run(): void {
    let idle = 0;
    let sleepNs = shortestSleepNs;
    while (Atomics.load(this.#control, word.command) === command.run) {
      if (this.#job.step() > 0) {
        idle = 0;
        continue;
      }
      if (this.#setup.busy || ++idle < spinsBeforeYield) continue;
      if (idle < yieldsBeforeSleep || !this.#job.mayRest()) {
        yieldThread();
        sleepNs = shortestSleepNs;
      } else {
        Atomics.add(this.#control, word.sleeps, 1);
        const rest = this.#longRest;
        if (sleepNs < longestSleepNs || rest?.isPossible !== true || this.#job.mayRestLong?.() !== true) sleep(sleepNs);
        else if (this.#restLong(rest)) idle = 0;
        sleepNs = Math.min(sleepNs * 2, longestSleepNs);
      }
    }
  }

  /**
   * True: there was something to do. What a descriptor woke it for is there, or the descriptor is broken: a loop that asks again
   * and again has to sleep then, too.
   */
  #restLong(rest: LongRest): boolean {
    try {
      Atomics.store(this.#control, word.resting, 1);
      rest.wishSignals(true);
      // The owner and the peers may have written before they saw that: once more, all there is.
      let moved = this.#job.step();
      if (moved > 0 || !this.#mayRestLong() || !rest.wait()) return moved > 0;
      moved = this.#job.step();
      if (moved === 0) sleep(longestSleepNs);
      return moved > 0;
    } finally {
      rest.wishSignals(false);
      Atomics.store(this.#control, word.resting, 0);
    }
  }

  #mayRestLong(): boolean {
    const isWanted = Atomics.load(this.#control, word.command) === command.run;
    return isWanted && this.#job.mayRest() && this.#job.mayRestLong?.() === true;
  }

  /** A fault of a ring closes that port here. The port's owner then ends the connection. */
  #reportFault(error: unknown): boolean {
    if (!(error instanceof RingFault)) return false;
    const index = this.#inUse.port;
    this.#lookLast(index);
    this.#open[index] = null;
    this.#watchRings();
    this.#job.attach(index, null);
    post({ kind: "ring-fault", index, message: error.message });
    return true;
  }

  /** Which of the two ends was wanted. */
  #serve(): number {
    for (;;) {
      Atomics.store(this.#control, word.state, state.standing);
      Atomics.notify(this.#control, word.state);
      const seen = Atomics.load(this.#control, word.wake);
      // The owner posts new rings, and then says run. Read in this order, a run has all that was posted before it.
      const wanted = Atomics.load(this.#control, word.command);
      this.#takeMessages();
      if (wanted === command.exit || wanted === command.leave) return wanted;
      if (wanted === command.stand) {
        Atomics.wait(this.#control, word.wake, seen, 100);
        continue;
      }
      Atomics.store(this.#control, word.state, state.running);
      // Since the check above, the owner may have said stand and have seen us standing: look again.
      if (Atomics.load(this.#control, word.command) !== command.run) continue;
      try {
        this.#run();
      } catch (error) {
        if (!this.#reportFault(error)) throw error;
      }
      // Positions may write to the rings: they are stored before the owner sees that the thread stands.
      try {
        this.#storePositions();
      } catch (error) {
        if (!this.#reportFault(error)) throw error;
      }
    }
  }
}

/** False: the thread has to end. */
async function hostOne(): Promise<boolean> {
  const [setup] = (await once(owner, "message")) as [ThreadSetup];
  const { createJob, prepareJob } = await jobs[setup.job]();
  await prepareJob?.(setup.options);
  arenaView ??= arenaMemory(setup.arenaAddress, setup.arenaBytes);
  const hosted = new HostedJob(setup, arenaView, createJob);
  post({ kind: "ready" });
  return hosted.live();
}

let collect: (() => void) | null = null;
while (await hostOne()) {
  post({ kind: "left" });
  // A thread that waits collects nothing by itself: the memory that the job shared with its owner would stay. Node holds the
  // message that brought the job until the event loop has its turn.
  setImmediate(() => {
    collect ??= garbageCollector();
    collect();
  });
}
owner.close();
