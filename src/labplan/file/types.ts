/**
 * A test plan as the runner takes it: plain data, complete and valid. Names of virtual devices, of their options and
 * of prompt commands are DPDK's own, so that a plan reads like the text that it comes from.
 */
import type { PlainTraffic } from "../../stream/spec.js";
import type { FrameSize, Rate } from "../../units.js";

/** Hugepages that the plan mounts and counts on. */
export interface PlanHugepages {
  /** The folder that a hugetlbfs is mounted on. */
  readonly mount: string;
  readonly pageBytes: number;
  readonly count: number;
}

/** `net_vhostN`: the device side of a vhost-user socket. */
export interface VhostVdev {
  readonly driver: "net_vhost";
  /** As in `--vdev`, e.g. net_vhost0. */
  readonly name: string;
  /** Name of the socket in the run's own folder. */
  readonly socket: string;
  /** 1: testpmd connects, and its peer listens. */
  readonly client: boolean;
}

/** `virtio_userN`: the driver side of a vhost-user socket. */
export interface VirtioUserVdev {
  readonly driver: "virtio_user";
  readonly name: string;
  readonly socket: string;
  /** 1: testpmd listens, and its peer connects. */
  readonly server: boolean;
  readonly mac: string;
  readonly queueSize: number;
  readonly packed: boolean;
  readonly mergeable: boolean;
  readonly inOrder: boolean;
  readonly vectorized: boolean;
}

/** A port on a Linux interface, in a network namespace of the run's own. */
export interface InterfaceVdev {
  /** net_tap makes its interface itself; the others get an end of a veth pair that the run makes. */
  readonly driver: "net_af_packet" | "net_tap" | "net_af_xdp";
  readonly name: string;
  /** The link: what traffic names as its socket. */
  readonly socket: string;
  /** More of its options, as `--vdev` takes them. */
  readonly options: readonly string[];
}

export type PlanVdev = VhostVdev | VirtioUserVdev | InterfaceVdev;

/** One testpmd of a plan. */
export interface PlanDevice {
  /** What steps call it; also its --file-prefix, made unique. */
  readonly name: string;
  /** container: in one, where the run has an engine for it; else a plain process. */
  readonly place: "host" | "container";
  /** The command line as the plan's text has it; kept, never run. */
  readonly literal: string | null;
  /** Of every virtual device, and of --rxq and --txq. */
  readonly queues: number;
  readonly memoryBytes: number;
  readonly hugepages: boolean;
  /** Forwarding lcores: --nb-cores. */
  readonly cores: number;
  /** --total-num-mbufs */
  readonly mbufs: number;
  /** More of testpmd's own options, after `--`. */
  readonly options: readonly string[];
  /** More of EAL's options, before `--`. */
  readonly eal: readonly string[];
  /** In the order of their port ids. */
  readonly vdevs: readonly PlanVdev[];
}

/** What one `send` sends. */
export interface PlanTraffic {
  /** The socket that the generator connects to (or listens on, where its peer is a client), or the link that it is on. */
  readonly socket: string;
  /** Where that is a link: the generator's port spec, with {iface} and {netns} in it; null: packet:. */
  readonly port: string | null;
  readonly sizes: readonly FrameSize[];
  readonly rate: Rate;
  /** Frames per size; null: for `durationNs`. */
  readonly count: number | null;
  readonly durationNs: number | null;
  readonly stream: PlainTraffic;
}

/** What a trial must show. Absent: not asked. */
export interface TrafficChecks {
  /** Most tolerated lost ÷ sent. */
  readonly loss?: number;
  /** Most frames that no counter explains. */
  readonly unaccounted?: number;
  /** Every queue handed frames on, at every hop. */
  readonly queues?: "forwarded";
  /** testpmd's port counters equal the generator's, to the frame. */
  readonly counters?: "equal";
  /** Least frames per second that come back. */
  readonly leastPps?: number;
}

/** What a command's text must show. */
export interface TextChecks {
  /** Of `show port info`: all ports in it. */
  readonly link?: "up" | "down";
  /** Of `stop` and `show fwd stats all`: every queue received and sent. */
  readonly queues?: "forwarded";
  /** Of `show port stats all`: ports on the path of the frames counted exactly what the generator sent and received. */
  readonly counters?: "equal";
  /** Of `show port stats all`: packets a second since it was last shown, of every port, above this. */
  readonly leastPps?: number;
  /** Must stand in it. */
  readonly contains?: string;
}

/** One thing to do. `heading` is the step of the plan's text that begins with it; `place` is file:line:column. */
export type PlanStep = { readonly heading: string | null; readonly place: string } & PlanDeed;

export type PlanDeed =
  | { readonly do: "mount hugepages" }
  | { readonly do: "launch"; readonly device: string }
  | { readonly do: "command"; readonly device: string; readonly text: string; readonly check: TextChecks }
  | { readonly do: "send"; readonly traffic: PlanTraffic; readonly check: TrafficChecks }
  | { readonly do: "start traffic"; readonly traffic: PlanTraffic }
  | { readonly do: "watch traffic"; readonly comesBack: boolean; readonly withinNs: number }
  | { readonly do: "stop traffic"; readonly check: TrafficChecks }
  | {
      readonly do: "wait for link";
      readonly device: string;
      readonly port: number;
      readonly state: "up" | "down";
      readonly withinNs: number;
    }
  | { readonly do: "wait"; readonly forNs: number }
  | { readonly do: "quit"; readonly device: string }
  | { readonly do: "kill"; readonly device: string };

export interface PlanCase {
  /** 1 … */
  readonly number: number;
  readonly name: string;
  /** Its name in the DPDK Test Suite's results and expected values. */
  readonly id: string;
  /** What differs from the plan's text, and why. */
  readonly notes: readonly string[];
  readonly devices: readonly PlanDevice[];
  readonly steps: readonly PlanStep[];
}

export interface TestPlan {
  readonly file: string;
  readonly title: string;
  /** Where its text comes from; "" for none. */
  readonly source: string;
  readonly notes: readonly string[];
  /** null: none are needed. */
  readonly hugepages: PlanHugepages | null;
  readonly cases: readonly PlanCase[];
}
