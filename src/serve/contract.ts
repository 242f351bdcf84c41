/** The types of what goes over the wire, for the page: nothing of it is there at run time. */
import type { z } from "zod";
import type * as about from "./schema/about.js";
import type * as common from "./schema/common.js";
import type * as events from "./schema/events.js";
import type * as exchange from "./schema/exchange.js";
import type * as profiles from "./schema/profiles.js";
import type * as runs from "./schema/runs.js";
import type * as sessions from "./schema/sessions.js";

export type ErrorAnswer = z.infer<typeof common.errorAnswer>;
export type ErrorDetail = z.infer<typeof common.errorDetail>;
export type ErrorCode = (typeof common.errorCodes)[number];
export type LiveFigures = z.infer<typeof common.figures>;
export type OptionValues = z.infer<typeof common.optionValues>;
export type VersionAnswer = z.infer<typeof about.version>;
export type PortsAnswer = z.infer<typeof about.portsSchema>;
export type DoctorAnswer = z.infer<typeof about.doctorSchema>;
export type CommandName = z.infer<typeof about.commandName>;
export type CommandInfo = z.infer<typeof about.commandsSchema>["commands"][number];
export type ProfileInfo = z.infer<typeof profiles.profileList>["profiles"][number];
export type ProfileText = z.infer<typeof profiles.profileText>;
export type ProfileCheck = z.infer<typeof profiles.profileCheck>;
export type ProfileChecked = z.infer<typeof profiles.profileChecked>;
export type FrameMap = z.infer<typeof profiles.frameMap>;
export type TrafficInfo = z.infer<typeof profiles.trafficFacts>;
export type StreamInfo = TrafficInfo["streams"][number];
export type RunBody = z.infer<typeof runs.runRequest>;
export type RunState = z.infer<typeof runs.runState>;
export type RunInfo = z.infer<typeof runs.runInfo>;
export type RunChange = z.infer<typeof runs.runChange>;
export type RunPlanned = z.infer<typeof runs.runPlanned>;
export type RunComparison = z.infer<typeof runs.runComparison>;
export type EventKind = keyof typeof events.eventData;
export type EventData<Kind extends EventKind> = z.infer<(typeof events.eventData)[Kind]>;
export type EventConfig = EventData<"config">;
export type TrialRow = EventData<"trial">;
export type SessionBody = z.infer<typeof sessions.sessionRequest>;
export type SessionFacts = z.infer<typeof sessions.sessionInfo>;
export type FlowBody = z.infer<typeof sessions.flowRequest>;
export type FlowFacts = z.infer<typeof sessions.flowList>["flows"][number];
export type CaptureBody = z.infer<typeof sessions.captureRequest>;
export type CaptureFacts = z.infer<typeof sessions.servedCapture>;
export type ExchangeBody = z.infer<typeof exchange.exchangeRequest>;
export type ExchangeAnswer = z.infer<typeof exchange.exchangeAnswer>;
/** What a request says beside its frames; in a query all of it is text. */
export type ExchangeWords = Omit<
  z.infer<typeof exchange.exchangeQuery>,
  "awaited" | "mostFrames" | "maxFrame" | "yesThisInterface" | "format"
> & {
  readonly [Key in "awaited" | "mostFrames" | "maxFrame"]?: string | number | undefined;
} & { readonly yesThisInterface?: "true" | "false" | boolean | undefined };
export type HostBody = z.infer<typeof sessions.hostList>["hosts"][number];
