/**
 * The thread of a loop worker. It never returns to its event loop: it stands in Atomics.wait and takes messages
 * one by one, or it runs its job's `step`. So a ring is touched only between `state = running` and
 * `state = standing`, and the owner that waits for the latter may change memory.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { invalidError, PktgenError } from "../errors.js";
import { moverOf } from "../port/movers.js";
import type { PortRings, QueueRings } from "../port/port.js";
import { openRxRing, openTxRing } from "../ring/open.js";
import { RingFault } from "../ring/ring.js";
import { arenaMemory } from "../sys/arena.js";
import { monotonicClock } from "../sys/clock.js";
import { closeEventSignals } from "../sys/event-signal.js";
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

const setup = workerData as ThreadSetup;
const control = new Int32Array(setup.control);
const owner = parentPort!;
const post = (message: FromThread): void => owner.postMessage(message);
const memory = arenaMemory(setup.arenaAddress, setup.arenaBytes);
const sleep = threadSleeper();
const inUse = { port: 0 };
const longRest = setup.wakeFd === null ? null : new LongRest(setup.wakeFd, inUse);

interface OpenedPort {
  readonly rings: PortRings;
  readonly port: OpenPort;
}

/** What is open of each port: positions are stored from it, and it tells whose ring broke. */
const open: (OpenedPort | null)[] = Array.from({ length: setup.ports }, () => null);

const recording = setup.recording === null ? null : new Recording(memory, setup.recording, monotonicClock().nowNs);

function openQueue(queue: QueueRings, port: number): OpenQueue {
  const tx = queue.tx === null ? null : openTxRing(memory, queue.tx, moverOf);
  const rx = queue.rx === null ? null : openRxRing(memory, queue.rx, moverOf);
  return {
    tx: tx === null || recording === null ? tx : recording.tx(tx, port),
    rx: rx === null || recording === null ? rx : recording.rx(rx, port),
    live: queue.live ?? null,
    layouts: { tx: queue.tx, rx: queue.rx },
    notifyTx: kicker(queue.txKick),
    notifyRx: kicker(queue.rxKick),
  };
}

function attach(job: Job, index: number, rings: PortRings | null): void {
  open[index] = null;
  const port = rings === null ? null : { memory, queues: rings.queues.map((queue) => openQueue(queue, index)) };
  if (rings !== null && port !== null) open[index] = { rings, port };
  watchRings();
  job.attach(index, port);
}

/** What ends a long rest. */
function watchRings(): void {
  longRest?.watch(open.flatMap((entry, port) => (entry === null ? [] : restingRings(entry, port))));
}

/** Nothing ever comes in on a null ring. */
function restingRings({ rings, port: { queues } }: OpenedPort, port: number): RestingRing[] {
  return rings.queues.flatMap((queue, k) => {
    const { rx: ring } = queues[k]!;
    return ring === null || queue.rx?.format === "null" ? [] : [{ port, ring, queue }];
  });
}

/** A peer's memory may be wrong from the beginning. */
function attachChecked(job: Job, index: number, rings: PortRings | null): void {
  try {
    inUse.port = index;
    attach(job, index, rings);
  } catch (error) {
    if (!reportFault(job, error)) throw error;
  }
}

/** Leaves each ring's position where the port's owner finds it for GET_VRING_BASE, and for re-opening. */
function storePositions(): void {
  for (const entry of open) {
    if (entry === null) continue;
    const positions = new Int32Array(entry.rings.positions);
    inUse.port = open.indexOf(entry);
    entry.rings.queues.forEach((queue, k) => {
      const { tx, rx } = entry.port.queues[k]!;
      if (queue.tx !== null && tx !== null) Atomics.store(positions, queue.tx.vring, tx.position());
      if (queue.rx !== null && rx !== null) Atomics.store(positions, queue.rx.vring, rx.position());
    });
  }
}

function answer(job: Job, id: number, request: unknown): void {
  try {
    post({ kind: "answer", id, value: job.command(request) });
  } catch (error) {
    // Commands look at rings, too: those that prepare a trial or report one.
    const isRingFault = reportFault(job, error);
    post({ kind: "refusal", id, ...describe(isRingFault ? peerBroke(error as RingFault) : error) });
  }
}

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

function takeMessages(job: Job): void {
  for (let received = receiveMessageOnPort(owner); received !== undefined; received = receiveMessageOnPort(owner)) {
    const message = received.message as ToThread;
    if (message.kind === "attach") attachChecked(job, message.index, message.rings);
    else answer(job, message.id, message.request);
    Atomics.add(control, word.handled, 1);
    Atomics.notify(control, word.handled);
  }
}

/** Runs until the owner says stand. A small lab has more pollers than cores, so idle turns yield. */
function run(job: Job): void {
  let idle = 0;
  let sleepNs = shortestSleepNs;
  while (Atomics.load(control, word.command) === command.run) {
    if (job.step() > 0) {
      idle = 0;
      continue;
    }
    if (setup.busy || ++idle < spinsBeforeYield) continue;
    if (idle < yieldsBeforeSleep || !job.mayRest()) {
      yieldThread();
      sleepNs = shortestSleepNs;
    } else {
      Atomics.add(control, word.sleeps, 1);
      if (sleepNs < longestSleepNs || longRest?.isPossible !== true || job.mayRestLong?.() !== true) sleep(sleepNs);
      else if (restLong(job, longRest)) idle = 0;
      sleepNs = Math.min(sleepNs * 2, longestSleepNs);
    }
  }
}

/**
 * True: there was something to do. What a descriptor woke it for is there, or the descriptor is broken: a loop that asks again
 * and again has to sleep then, too.
 */
function restLong(job: Job, rest: LongRest): boolean {
  try {
    Atomics.store(control, word.resting, 1);
    rest.wishSignals(true);
    // The owner and the peers may have written before they saw that: once more, all there is.
    let moved = job.step();
    if (moved > 0 || !mayRestLong(job) || !rest.wait()) return moved > 0;
    moved = job.step();
    if (moved === 0) sleep(longestSleepNs);
    return moved > 0;
  } finally {
    rest.wishSignals(false);
    Atomics.store(control, word.resting, 0);
  }
}

function mayRestLong(job: Job): boolean {
  return Atomics.load(control, word.command) === command.run && job.mayRest() && job.mayRestLong?.() === true;
}

/** A fault of a ring closes that port here. The port's owner then ends the connection. */
function reportFault(job: Job, error: unknown): boolean {
  if (!(error instanceof RingFault)) return false;
  const index = inUse.port;
  open[index] = null;
  watchRings();
  job.attach(index, null);
  post({ kind: "ring-fault", index, message: error.message });
  return true;
}

function serve(job: Job): void {
  for (;;) {
    Atomics.store(control, word.state, state.standing);
    Atomics.notify(control, word.state);
    const seen = Atomics.load(control, word.wake);
    // The owner posts new rings, and then says run. Read in this order, a run has all that was posted before it.
    const wanted = Atomics.load(control, word.command);
    takeMessages(job);
    if (wanted === command.exit) return;
    if (wanted === command.stand) {
      Atomics.wait(control, word.wake, seen, 100);
      continue;
    }
    Atomics.store(control, word.state, state.running);
    // Since the check above, the owner may have said stand and have seen us standing: look again.
    if (Atomics.load(control, word.command) !== command.run) continue;
    try {
      run(job);
    } catch (error) {
      if (!reportFault(job, error)) throw error;
    }
    // Positions may write to the rings: they are stored before the owner sees that the thread stands.
    try {
      storePositions();
    } catch (error) {
      if (!reportFault(job, error)) throw error;
    }
  }
}

const jobs: Record<JobName, () => Promise<{ createJob: CreateJob; prepareJob?: (options: unknown) => Promise<void> }>> =
  {
    generator: () => import("./generator/job.js"),
    receiver: () => import("./trial/receive-job.js"),
    forwarders: () => import("./forward/forwarders-job.js"),
    replay: () => import("./replay/job.js"),
  };

const { createJob, prepareJob } = await jobs[setup.job]();
await prepareJob?.(setup.options);
Atomics.store(control, word.threadId, threadId());
setTimerSlack(1000);
if (setup.cpu !== null && pinThread(setup.cpu)) Atomics.store(control, word.pinned, 1);
const nowNs = monotonicClock().nowNs;
const counters = new Float64Array(setup.counters);
const job = createJob({
  memory,
  options: setup.options,
  counters,
  nowNs,
  post: (event) => post({ kind: "event", event }),
  inUse,
  sleeps: () => Atomics.load(control, word.sleeps),
  busy: setup.busy,
});
post({ kind: "ready" });
try {
  serve(job);
} catch (error) {
  post({ kind: "failure", ...describe(error) });
} finally {
  closeEventSignals();
  longRest?.[Symbol.dispose]();
  Atomics.store(control, word.state, state.ended);
  Atomics.notify(control, word.state);
}
owner.close();
