/**
 * The messages of requests as the rest of the room sees them: checked, with the defaults filled in (`withDefaults`). Patterns
 * and other parts that were not given are absent.
 */
export interface OtgPort {
  readonly name: string;
  readonly location?: string;
}

export interface Layer1 {
  readonly name: string;
  readonly port_names: readonly string[];
  readonly speed?: string;
  readonly promiscuous: boolean;
  readonly mtu: number;
}

export interface OtgFilterField {
  readonly value: string;
  readonly mask: string;
  readonly negate: boolean;
}

export interface OtgCaptureFilter {
  readonly choice: "custom" | "ethernet" | "vlan" | "ipv4" | "ipv6";
  readonly custom?: OtgFilterField & { readonly offset?: number; readonly bit_length: number };
  readonly ethernet?: Readonly<Record<string, OtgFilterField>>;
  readonly vlan?: Readonly<Record<string, OtgFilterField>>;
  readonly ipv4?: Readonly<Record<string, OtgFilterField>>;
  readonly ipv6?: Readonly<Record<string, OtgFilterField>>;
}

export interface OtgCapture {
  readonly name: string;
  readonly port_names: readonly string[];
  readonly filters: readonly OtgCaptureFilter[];
  readonly overwrite: boolean;
  readonly packet_size?: number;
  readonly format: "pcap" | "pcapng";
}

export interface Gateway {
  readonly choice: "auto" | "value";
  readonly value?: string;
}

export interface Address {
  readonly name: string;
  readonly address: string;
  readonly gateway: string;
  readonly prefix: number;
  readonly gateway_mac?: Gateway;
}

export interface Vlan {
  readonly name: string;
  readonly tpid: string;
  readonly priority: number;
  readonly id: number;
}

export interface Ethernet {
  readonly name: string;
  readonly mac?: string;
  readonly connection?: { readonly choice?: string; readonly port_name?: string };
  readonly vlans: readonly Vlan[];
  readonly ipv4_addresses: readonly Address[];
  readonly ipv6_addresses: readonly Address[];
}

export interface Device {
  readonly name: string;
  readonly ethernets: readonly Ethernet[];
}

export interface Counter {
  readonly start: number | string;
  readonly step: number | string;
  readonly count: number;
}

/** Bits of a field, by whose values metrics are told apart. */
export interface MetricTag {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

export interface Pattern {
  readonly choice: "auto" | "value" | "values" | "increment" | "decrement" | "random" | "generated" | "custom";
  readonly value?: number | string;
  readonly values?: readonly (number | string)[];
  readonly increment?: Counter;
  readonly decrement?: Counter;
  readonly random?: { readonly min: number | string; readonly max: number | string; seed: number; count: number };
  readonly generated?: "good" | "bad";
  readonly custom?: number;
  readonly metric_tags?: readonly MetricTag[];
}

/** `ipv4`, and what is in it. */
export type OtgHeader = { readonly choice: string } & { readonly [name: string]: unknown };

export interface Size {
  readonly choice: "fixed" | "increment" | "random" | "weight_pairs";
  readonly fixed?: number;
  readonly increment?: { readonly start: number; readonly end: number; readonly step: number };
  readonly random?: { readonly min: number; readonly max: number };
  readonly weight_pairs?: {
    readonly choice: "predefined" | "custom";
    readonly predefined?: string;
    readonly custom?: readonly { readonly size: number; readonly weight: number }[];
  };
}

export interface FlowRateModel {
  readonly choice: "pps" | "bps" | "kbps" | "mbps" | "gbps" | "percentage";
  readonly [unit: string]: number | string;
}

export interface Span {
  readonly choice: "bytes" | "nanoseconds" | "microseconds";
  readonly [unit: string]: number | string;
}

interface Spaced {
  readonly gap: number;
  readonly delay?: Span;
}

export interface Duration {
  readonly choice: "fixed_packets" | "fixed_seconds" | "burst" | "continuous";
  readonly fixed_packets?: Spaced & { readonly packets: number };
  readonly fixed_seconds?: Spaced & { readonly seconds: number };
  readonly continuous?: Spaced;
  readonly burst?: {
    readonly bursts: number;
    readonly packets: number;
    readonly gap: number;
    readonly inter_burst_gap?: Span;
  };
}

export interface Metrics {
  readonly enable: boolean;
  readonly loss: boolean;
  readonly timestamps: boolean;
  readonly latency?: { readonly enable: boolean; readonly mode: string };
  readonly predefined_metric_tags?: { readonly rx_name: boolean };
  readonly rx_tx_ratio?: { readonly choice: "value" | "rx_count"; readonly value?: number };
}

export interface OtgPayload {
  readonly choice: string;
  readonly fixed?: { readonly pattern: string; readonly repeat: boolean };
}

export interface Router {
  readonly mode: "mesh" | "one_to_one";
  readonly tx_names: readonly string[];
  readonly rx_names: readonly string[];
  readonly bidirectional: boolean;
}

export interface OtgFlow {
  readonly name: string;
  readonly tx_rx: {
    readonly choice: "port" | "device";
    readonly port?: { readonly tx_name: string; readonly rx_name?: string; readonly rx_names: readonly string[] };
    readonly device?: Router;
  };
  readonly packet: readonly OtgHeader[];
  readonly egress_packet: readonly OtgHeader[];
  readonly size?: Size;
  readonly rate?: FlowRateModel;
  readonly duration?: Duration;
  readonly metrics?: Metrics;
  readonly payload?: OtgPayload;
}

export interface Config {
  readonly ports: readonly OtgPort[];
  readonly layer1: readonly Layer1[];
  readonly captures: readonly OtgCapture[];
  readonly devices: readonly Device[];
  readonly flows: readonly OtgFlow[];
  readonly options?: {
    readonly protocol_options?: { readonly auto_start_all: boolean };
    readonly port_options?: { readonly frame_ordering_mode?: { readonly choice: string } };
    readonly flow_options?: { readonly packet_loss_duration: boolean };
  };
}
