/**
 * A session as a server of test configurations needs it: one of this machine's ports, or of those of many hosts. What its
 * ports and flows do is asked for first, and then shown.
 */
import type { Session, SessionSnapshot } from "./types.js";

type Shown = Pick<Session, "epochUnixNs" | "ports" | "snapshot" | "linkStates" | "flows" | "splitOf" | "onEvent">;
type FlowOrders = Pick<
  Session,
  "addFlows" | "removeFlows" | "start" | "stop" | "pause" | "resume" | "setRate" | "setLink"
>;
type HostOrders = Pick<Session, "setHosts" | "resolve" | "ping">;
type CaptureOrders = Pick<Session, "startCapture" | "stopCapture" | "removeCapture" | "fetchCapture">;

export interface TestSession extends Shown, FlowOrders, HostOrders, CaptureOrders {
  /** What is shown is at most 100 ms old then; `isNew`: taken since this was asked. */
  look(isNew?: boolean): Promise<SessionSnapshot>;
  /** Whose port it is; null: this machine's. */
  agentOf(port: string): string | null;
  /** Why no more is known of what this port does; null: it is there. */
  lostPort(port: string): string | null;
  close(): Promise<void>;
}

/** Of this machine's ports. Where one is lost, the whole session ends. */
export const testSessionOf = (session: Session): TestSession =>
  Object.assign(session, {
    look: async (isNew = false): Promise<SessionSnapshot> => (isNew ? session.sample() : session.snapshot()),
    agentOf: () => null,
    lostPort: () => null,
  });
