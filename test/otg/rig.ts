/** A server with both of its ports on one vhost-user socket, and a client of its HTTP. */
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { parsePortSpec } from "../../src/port/index.js";
import { otgServerOn } from "../support/otg-server.js";
import { temporaryFolder } from "../support/rings-cross.js";

// biome-ignore lint/suspicious/noExplicitAny: what a test asks of it is checked by the test.
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
  readonly json: Json;
}

export function ask(
  base: string,
  method: string,
  path: string,
  body?: object | string,
  more: object = {},
): Promise<Answer> {
  const send = base.startsWith("https") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", ...more };
    const request = send(`${base}${path}`, { method, headers, rejectUnauthorized: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => {
        const bytes = Buffer.concat(pieces);
        const type = response.headers["content-type"] ?? "";
        const json = type.includes("json") ? JSON.parse(bytes.toString()) : undefined;
        resolve({ status: response.statusCode!, type, bytes, json });
      });
    });
    request.on("error", reject);
    request.end(typeof body === "string" ? body : body === undefined ? undefined : JSON.stringify(body));
  });
}

export async function startRig() {
  const folder = temporaryFolder();
  const path = join(folder.path, "s");
  const server = await otgServerOn([
    { name: "one", spec: parsePortSpec(`vhost:${path},server=on`) },
    { name: "two", spec: parsePortSpec(`virtio-user:${path}`) },
  ]);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export const flow = (name: string, from: string, to: string, more: object = {}) => ({
  ...{ name, tx_rx: { port: { tx_name: from, rx_names: [to] } } },
  packet: [
    { choice: "ethernet", ethernet: { src: { value: "00:00:00:00:00:01" } } },
    { choice: "ipv4", ipv4: { src: { value: "198.18.0.1" }, dst: { value: "198.18.0.2" } } },
    { choice: "udp", udp: { src_port: { increment: { start: 100, count: 3 } }, dst_port: { value: 9 } } },
  ],
  ...{ size: { fixed: 128 }, rate: { pps: 2000 }, duration: { fixed_packets: { packets: 50 } } },
  metrics: { enable: true, loss: true, timestamps: true, latency: { enable: true } },
  ...more,
});

export const config = (more: object = {}) => ({
  ports: [
    { name: "p1", location: "one" },
    { name: "p2", location: "two" },
  ],
  captures: [{ name: "c", port_names: ["p2"] }],
  flows: [flow("f1", "p1", "p2"), flow("f2", "p2", "p1")],
  ...more,
});

export const transmit = (state: string, names: readonly string[] = []) => ({
  choice: "traffic",
  traffic: { choice: "flow_transmit", flow_transmit: { state, flow_names: names } },
});

export const flowRows = async (base: string, names: readonly string[] = []): Promise<Json[]> =>
  (await ask(base, "POST", "/monitor/metrics", { choice: "flow", flow: { flow_names: names } })).json.flow_metrics;

export async function untilRows(base: string, isIt: (rows: Json[]) => boolean): Promise<Json[]> {
  for (;;) {
    const rows = await flowRows(base);
    if (isIt(rows)) return rows;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export const haveEnded = (rows: Json[]): boolean =>
  rows.every(({ transmit: state, frames_tx: tx, frames_rx: rx }) => state === "stopped" && tx === rx && tx !== "0");
