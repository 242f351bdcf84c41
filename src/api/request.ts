/**
 * What the functions of the library are asked for. Names, words and defaults are the command line's: `--pin-flows` is
 * `pinFlows`, `--rate 10kpps` is `rate: "10kpps"`. `pktgen-ts <command> --help` says of each option what is accepted.
 */

import type { Interval } from "../measure/plan.js";
import type { Profile } from "../profile/index.js";
import type { Progress } from "../report/progress.js";
import type { Soak, Trial } from "../result/run-result.js";
import type { ProgramModule } from "../stream/program/api.js";

/** A time with its unit: `"500ms"`, `"1s"`, `"2min"`. */
export type TimeText = string;

/** A rate with its unit: `"10kpps"`, `"1Gbps"` (layer 2), `"1Gbps-l1"`, `"50%"` of the line, `"max"`. A number: frames per second. */
export type RateInput = string | number;

/** A list, or its text with commas: `[64, 1518]`, `"64,1518"`, `64`. */
export type ListInput = string | number | readonly (string | number)[];

/** What is sent. */
export interface TrafficRequest {
  /** Frame sizes with FCS, bytes: `[64, 1518]`, `"64-1518:64"`, `"imix"`, `"rfc2544"`, `"plan"`. Default: `"plan"`; methods have their own. */
  readonly sizes?: ListInput;
  /** Traffic other than plain UDP: a profile's file, a profile that `loadProfile` read, or streams that `stream()` made. */
  readonly profile?: string | Profile | ProgramModule;
  /** One frame, repeated as it is, without FCS: bytes, `"hex:0200…"`, or a file (a capture, `"FILE#3"` for its third frame). */
  readonly frame?: string | Uint8Array;
  /** Parameters of the profile's file. */
  readonly set?: Readonly<Record<string, string | number>>;
  /** Folder that the files which the profile names may lie in. Default: the profile's own. */
  readonly profileRoot?: string;
  /** Different pairs of addresses and ports, 1 to 2^24. Default: 1. */
  readonly flows?: number;
  /** The flows' source ports are chosen so that RSS puts flow f on queue f mod this. `true`: as many as `queues`. */
  readonly pinFlows?: number | boolean;
  /** Destination MAC address. */
  readonly dstMac?: string;
  /** Source MAC address. */
  readonly srcMac?: string;
  /** An 802.1Q tag with this id, 0 to 4094. Default: no tag. */
  readonly vlan?: number;
  /** IP version. Default: 4. */
  readonly ip?: 4 | 6;
}

/** Where frames go, and which CPUs do it. */
export interface DeviceRequest {
  /** `"embedded[,option=value…]"` (default), `"testpmd[,option=value…]"`, `"external"`. */
  readonly dut?: string;
  /** Port to send on, for an external device: `"virtio-user:/tmp/vhost0"`, `"packet:veth0"`. */
  readonly tx?: string;
  /** Port to receive on. Default: `tx`. */
  readonly rx?: string;
  /** How long a port's peer may take to be there. Default: `"10s"`. */
  readonly waitPeer?: TimeText;
  /** Both ways at once between `tx` and `rx`. */
  readonly bidirectional?: boolean;
  /** Send also on an interface that carries the machine's default route or an SSH connection. */
  readonly yesThisInterface?: boolean;
  /** Addresses that the sending port answers for, and that frames come from: `"198.18.0.2/24,2001:2::2/64"`. */
  readonly txAddress?: ListInput;
  /** The same of the receiving port. */
  readonly rxAddress?: ListInput;
  /** The sending port's router. */
  readonly gateway?: ListInput;
  /** The receiving port's router. */
  readonly rxGateway?: ListInput;
  /** Where frames are counted between the ports: `"bridge,rx=netdev:da,tx=netdev:db"`. */
  readonly hop?: string | readonly string[];
  /** The same in the other direction. */
  readonly reverseHop?: string | readonly string[];
  /** Queue pairs, 1 to 8. */
  readonly queues?: number;
  /** Threads of the generator, each with its part of the queues: 1 to 8, or `"auto"`. Default: 1. */
  readonly workers?: number | "auto";
  /** Bit rate of the line, `"10Gbps"`. Default: the ports' own, where they have one. */
  readonly lineRate?: string;
  /** CPUs for the polling threads: the generator's first. Default: the scheduler decides. */
  readonly cores?: ListInput;
  /** Never give a CPU back while idle. */
  readonly busy?: boolean;
}

/** What every run that sends test frames has. */
export interface MeasuredRequest extends TrafficRequest, DeviceRequest {
  /** How long the generator's code runs before the first trial. */
  readonly warmup?: TimeText;
  /** A trial ends when nothing has arrived for this long. */
  readonly settle?: TimeText;
  /** Seed of everything that is drawn by chance. Default: 1. */
  readonly seed?: number;
  /** What tells this run's frames from another's, 0 to 2^24 − 1. Default: drawn by chance. */
  readonly runId?: number;
  /** Compare every payload byte. */
  readonly integrity?: boolean;
  /** How far the load may be off before a trial cannot be used: `"1%"`. */
  readonly rateTolerance?: string;
  /** How many frames may leave late before latency cannot be used. */
  readonly lateTolerance?: string;
  /** A capture of what is sent. */
  readonly recordTx?: string;
  /** A capture of what comes back. */
  readonly recordRx?: string;
  /** What happens when the disk of a capture is full. Default: `"go-on"`. */
  readonly onFull?: "stop" | "go-on";
  /** What must be reached: `"rate@64>=1Mpps"`, `"NDR>=1Mpps"`. It decides the verdict beside the run's own rule. */
  readonly threshold?: string | readonly string[];
}

/** A forwarding test. */
export interface RunRequest extends MeasuredRequest {
  /** The load of each trial. Without rate, duration and count each size has two: 10,000 frames at 10 kpps, one second at max. */
  readonly rate?: RateInput;
  /** Length of a trial. Default: `"1s"`. */
  readonly duration?: TimeText;
  /** Frames of a trial, in place of `duration`. */
  readonly count?: number;
  /** Trials of each size. Default: 1. */
  readonly repeat?: number;
  /** Number of each stream's first frame. */
  readonly startSequence?: number;
  /** Tolerated loss: `"0.1%"`. Default: 0 at a set rate; at max loss decides nothing. */
  readonly loss?: string | number;
  /** Least forwarded rate that passes. */
  readonly minRate?: RateInput;
}

/** How a search for a rate goes. */
export interface SearchRequest {
  /** Default: `"mlr"` (MLRsearch, RFC 9971). */
  readonly search?: "mlr" | "bisection" | "verified";
  /** The bounds are this close in the end, as a share of the upper one. */
  readonly width?: string | number;
  /** Length of the first trials. */
  readonly initialTrial?: TimeText;
  /** A device that loses frames at this load has no rate worth a number. Default: `"1kpps"`. */
  readonly minLoad?: RateInput;
  /** Frames that the device may hold. */
  readonly dutQueue?: number;
  /** Most trials of a size. Default: 500. */
  readonly maxTrials?: number;
  /** Longest time of all trials of a size together. */
  readonly maxTime?: TimeText;
  /** Few and short trials. */
  readonly quick?: boolean;
  /** Final length of a trial. */
  readonly trial?: TimeText;
}

/** NDR and PDR of each size. */
export interface NdrRequest extends MeasuredRequest, SearchRequest {
  /** Tolerated loss of the partial drop rates, growing. Default: `"0.5%"`. */
  readonly pdr?: ListInput;
  /** Length of all final trials at one load together. Default: 21 trials. */
  readonly durationSum?: TimeText;
  /** Share of that time that may have more loss. Default: `"50%"`. */
  readonly exceed?: string | number;
  /** Searches of each size. Default: 1. */
  readonly repeat?: number;
}

/** Latency at shares of the no-drop rate. */
export interface LatencyRequest extends MeasuredRequest, Omit<SearchRequest, "quick" | "trial"> {
  /** Loads, of the reference: Default: `"10%,50%,90%,100%"`. */
  readonly loads?: ListInput;
  /** What they are shares of. Default: the no-drop rate, which is then searched. */
  readonly reference?: RateInput;
  /** Frames of a stream beside the load whose latency is told apart. */
  readonly probe?: RateInput;
  /** Length of a trial. Default: `"10s"`. */
  readonly trialDuration?: TimeText;
  /** Trials of each load. Default: 1. */
  readonly repeats?: number;
  /** Tolerated loss. Default: 0. */
  readonly loss?: string | number;
}

/** The tests of RFC 2544. */
export interface Rfc2544Request extends MeasuredRequest, SearchRequest {
  /** Default: all that the device allows. */
  readonly tests?: ListInput;
  /** The throughput as it was found before. */
  readonly throughput?: RateInput;
  readonly latencyDuration?: TimeText;
  readonly latencyRepeats?: number;
  readonly lossStep?: string | number;
  readonly burstDuration?: TimeText;
  readonly burstRepeats?: number;
  readonly recoveryDuration?: TimeText;
  readonly recoveryAfter?: TimeText;
  readonly recoveryRepeats?: number;
  /** Resets an external device: a shell runs it. */
  readonly resetCommand?: string;
  readonly resetWithin?: TimeText;
  readonly resetRepeats?: number;
  /** Learning frames before each trial. */
  readonly learning?: number;
  /** Between two trials. */
  readonly restabilise?: TimeText;
}

/** One load for a long time. */
export interface SoakRequest extends MeasuredRequest {
  /** Default: `"10kpps"`. */
  readonly load?: RateInput;
  /** How long. Default: `"1h"`. */
  readonly for?: TimeText;
  /** It goes in pieces of this length. Default: `"10s"`. */
  readonly piece?: TimeText;
  /** File of an earlier soak's result, or of the command's `--state`: that soak is taken up again. */
  readonly resume?: string;
  /** Tolerated loss. Default: 0. */
  readonly loss?: string | number;
}

/** How two captures are compared. */
export interface CompareRequest {
  /** How frames find their partners. Default: `"content"`. */
  readonly by?: "content" | "signature";
  /** What may differ: `macs`, `src-mac`, `dst-mac`, `ttl`, `vlan`, `dscp`, `ip-id`, `addresses`, `ports`, `checksums`, `padding`. */
  readonly mask?: ListInput;
  /** Default: `"strict"`. */
  readonly order?: "strict" | "free";
  /** The most that a frame's time since the first one may be off. Default: times do not count. */
  readonly timing?: TimeText;
  /** Frames of other link types. Default: `"refuse"`. */
  readonly notEthernet?: "refuse" | "skip";
  /** Frames of both that count, in Wireshark's words. */
  readonly filter?: string;
  /** A pcapng file for the actual frames, with the reasons as comments. */
  readonly annotated?: string;
}

/** A capture's frames out of a port. */
export interface ReplayRequest extends Omit<CompareRequest, "filter"> {
  /** Port that frames go to. */
  readonly tx: string;
  /** Port that they come back to. */
  readonly rx?: string;
  /** A second port, for the other direction. */
  readonly tx2?: string;
  /** Which frames are `tx`'s: `"interface"`, `"client"`, `"mac=ADDRESS,…"`. */
  readonly split?: string;
  /** Over the queues of a port that has several. Default: `"flow"`. */
  readonly spread?: "flow" | "turn";
  /** Of the file's gaps: `"2x"`, `"200%"`, `2`. Default: 1. */
  readonly speed?: string | number;
  /** In place of the file's gaps. */
  readonly rate?: RateInput;
  /** As fast as the peer takes them. */
  readonly topSpeed?: boolean;
  /** The next frame when one has come back, or after this time (`true`: 1 s). */
  readonly oneByOne?: TimeText | boolean;
  /** Times, or `"forever"`. Default: 1. */
  readonly loops?: number | "forever";
  /** From a loop's last frame to the next one's first. */
  readonly loopDelay?: TimeText;
  readonly count?: number;
  readonly duration?: TimeText;
  /** How long after the last frame others may come back. Default: `"1s"`. */
  readonly settle?: TimeText;
  /** Frames to send, in Wireshark's words. */
  readonly filter?: string;
  /** Frames to send by number: `"1-100,205,300-"`. */
  readonly frames?: string;
  /** Frames that the capture cut. Default: `"refuse"`. */
  readonly cut?: "refuse" | "pad" | "skip";
  readonly srcMac?: string;
  readonly dstMac?: string;
  /** Id of the outer tag, or of a new one; `"none"`: tags are taken away. */
  readonly vlan?: number | "none";
  /** Prefixes: `"198.18.0.0/16=198.19.0.0/16"`. */
  readonly mapIp?: ListInput;
  /** Ports: `"80=8080"`. */
  readonly mapPort?: ListInput;
  /** Add the loop's number to both IP addresses. */
  readonly uniqueAddresses?: boolean;
  /** Compute IP and transport checksums anew. */
  readonly fixChecksums?: boolean;
  /** Longest frame with FCS that buffers are made for, bytes. Default: 1522. */
  readonly maxFrame?: number;
  readonly recordTx?: string;
  readonly recordRx?: string;
  readonly onFull?: "stop" | "go-on";
  /** A capture of what has to come back. */
  readonly expect?: string;
  /** Frames of both that count. */
  readonly expectFilter?: string;
  /** CPU for the sending thread. */
  readonly cores?: ListInput;
  readonly busy?: boolean;
  readonly yesThisInterface?: boolean;
  readonly waitPeer?: TimeText;
}

/** How a program follows a run and stops it. */
export interface LibraryHooks {
  /** Aborted: the open trial becomes invalid, and the run resolves with what it has. Before the first trial it rejects. */
  readonly signal?: AbortSignal;
  /** About once a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Each trial when it has ended. */
  readonly onTrial?: (trial: Trial) => void;
  /** How the open trial stands, once a second. */
  readonly onInterval?: (interval: Interval) => void;
}

export interface SoakHooks extends LibraryHooks {
  /** The soak so far, after each piece. */
  readonly onPiece?: (soak: Soak) => void;
}

/** How a program follows a replay and stops it. */
export interface ReplayHooks {
  /** Aborted: the replay resolves with what was sent and received. Before the first frame it rejects. */
  readonly signal?: AbortSignal;
  /** Frames so far, about ten times a second. */
  readonly onProgress?: (sent: number, received: number, elapsedNs: number) => void;
}
