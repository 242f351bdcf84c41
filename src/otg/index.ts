/**
 * A server of the Open Traffic Generator's API (HTTP, HTTPS, gRPC) on a live session. The folders: schema, what the messages
 * are; wire, how they are read and written; translate, what a configuration means here; live, a configuration at work;
 * servers, how calls come in.
 */
import type { OpenFleet, OwnPort } from "./live/open-ports.js";
import { selfSigned } from "./servers/certificate.js";
import { startGrpc } from "./servers/grpc.js";
import { type Credentials, type RunningServer, type ServerPlace, startRest } from "./servers/rest.js";
import { Tester } from "./tester.js";

export type { OpenFleet, OwnPort } from "./live/open-ports.js";
export type { Credentials, ServerPlace } from "./servers/rest.js";

export interface OtgSetup {
  readonly ports: readonly OwnPort[];
  /** null: not there. */
  readonly https: ServerPlace | null;
  readonly http: ServerPlace | null;
  readonly grpc: ServerPlace | null;
  /** null: one that signs itself. */
  readonly credentials: Credentials | null;
  /** Names in `Host` that lead here, beside addresses and localhost; null: every name does. */
  readonly hostNames: readonly string[] | null;
  /** Also on an interface that the machine lives by. */
  readonly yesThisInterface: boolean;
  /** Threads that share the ports of a configuration; absent: 1. */
  readonly workers?: number | "auto";
  /** Ethernet frames in tunnels have room for a check sequence. */
  readonly innerFcs: boolean;
  /** How ports of agents are opened; absent: there are none. */
  readonly openFleet?: OpenFleet;
}

export interface OtgServer extends AsyncDisposable {
  /** `https://127.0.0.1:8443`, … */
  readonly addresses: readonly string[];
}

/** @throws PktgenError (3): a place cannot be had. */
export async function startOtg(setup: OtgSetup): Promise<OtgServer> {
  const { https, http, grpc, credentials, hostNames } = setup;
  const tester = new Tester(setup);
  const running: RunningServer[] = [];
  const close = async (): Promise<void> => {
    for (const server of running.toReversed()) await server[Symbol.asyncDispose]();
    await tester.close();
  };
  try {
    if (https !== null) {
      const own = credentials ?? selfSigned("pktgen-ts");
      running.push(await startRest(tester, https, { credentials: own, hostNames }));
    }
    if (http !== null) running.push(await startRest(tester, http, { credentials: null, hostNames }));
    if (grpc !== null) running.push(await startGrpc(tester, grpc));
  } catch (error) {
    await close();
    throw error;
  }
  return { addresses: running.map(({ address }) => address), [Symbol.asyncDispose]: close };
}
