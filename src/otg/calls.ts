/** The calls of the models: their paths, their gRPC methods, and the messages that they take and give. */
import type { Tester } from "./tester.js";
import type { Value } from "./wire/read-value.js";

export interface OtgCall {
  readonly verb: "GET" | "POST" | "PATCH";
  readonly path: string;
  /** gRPC. */
  readonly method: string;
  /** The message it takes; null: none. */
  readonly takes: string | null;
  /** The message it gives; null: bytes. */
  readonly gives: string | null;
  /** The twin with pieces: the client's or the server's messages come in several; null: there is none. */
  readonly stream: { readonly method: string; readonly side: "client" | "server" } | null;
  readonly run: (tester: Tester, value: unknown) => Value | Uint8Array | Promise<Value | Uint8Array>;
}

/** Clients check their own version against this range: any of the same major one may ask. */
const version: Value = { api_spec_version: ">=1.0.0,<2.0.0", sdk_version: "", app_version: "pktgen-ts" };

const streamOf = (side: "client" | "server", method: string) => ({ side, method }) as const;

export const calls: readonly OtgCall[] = [
  {
    ...{ verb: "POST", path: "/config", method: "SetConfig", takes: "Config", gives: "Warning" },
    stream: streamOf("client", "streamSetConfig"),
    run: (tester, value) => tester.setConfig(value),
  },
  {
    ...{ verb: "GET", path: "/config", method: "GetConfig", takes: null, gives: "Config" },
    stream: streamOf("server", "streamGetConfig"),
    run: (tester) => tester.getConfig(),
  },
  {
    ...{ verb: "PATCH", path: "/config", method: "UpdateConfig", takes: "ConfigUpdate", gives: "Warning" },
    stream: null,
    run: (tester, value) => tester.updateConfig(value),
  },
  {
    ...{ verb: "PATCH", path: "/config/append", method: "AppendConfig", takes: "ConfigAppend", gives: "Warning" },
    stream: null,
    run: (tester, value) => tester.appendConfig(value),
  },
  {
    ...{ verb: "PATCH", path: "/config/delete", method: "DeleteConfig", takes: "ConfigDelete", gives: "Warning" },
    stream: null,
    run: (tester, value) => tester.deleteConfig(value),
  },
  {
    ...{ verb: "POST", path: "/control/state", method: "SetControlState", takes: "ControlState", gives: "Warning" },
    stream: streamOf("client", "streamSetControlState"),
    run: (tester, value) => tester.setControlState(value),
  },
  {
    ...{ verb: "POST", path: "/control/action", method: "SetControlAction" },
    ...{ takes: "ControlAction", gives: "ControlActionResponse" },
    stream: streamOf("client", "streamSetControlAction"),
    run: (tester, value) => tester.setControlAction(value),
  },
  {
    ...{ verb: "POST", path: "/monitor/metrics", method: "GetMetrics" },
    ...{ takes: "MetricsRequest", gives: "MetricsResponse" },
    stream: streamOf("server", "streamGetMetrics"),
    run: (tester, value) => tester.getMetrics(value),
  },
  {
    ...{ verb: "POST", path: "/monitor/states", method: "GetStates", takes: "StatesRequest", gives: "StatesResponse" },
    stream: streamOf("server", "streamGetStates"),
    run: (tester, value) => tester.getStates(value),
  },
  {
    ...{ verb: "POST", path: "/monitor/capture", method: "GetCapture", takes: "CaptureRequest", gives: null },
    stream: streamOf("server", "streamGetCapture"),
    run: (tester, value) => tester.getCapture(value),
  },
  {
    ...{ verb: "GET", path: "/capabilities/version", method: "GetVersion", takes: null, gives: "Version" },
    stream: null,
    run: () => version,
  },
];
