/**
 * One trial over many agents, as a pure reducer: what happened goes in, what is to be done comes out. It knows neither
 * the bus nor the clock.
 *
 *   preparing ──all armed──▸ countdown ──all going──▸ running ──all done, or too late──▸ collecting ──▸ over
 *       ▴                        │
 *       └──── another attempt ───┘   only while nobody sends
 *
 * All who go are told so, and nobody sends before. So a trial that is called off has sent nothing, however late that is
 * heard. Once it is confirmed it is called off no more.
 *
 * An agent is lost when its report is missing, not when its beats are: a thread that is starved or a link that is down
 * says nothing about the trial.
 */

import {
  type Blamed,
  blamedWord,
  interruptedWord,
  type Member,
  type TrialEffect,
  type TrialEvent,
  type TrialOutcome,
  type TrialSetup,
} from "./trial-events.js";

type MemberState = "asked" | "armed" | "going" | "done" | "reported" | "lost";

interface View extends Member {
  readonly state: MemberState;
  readonly heardNs: number;
  readonly spells: readonly (readonly [fromNs: number, toNs: number])[];
  readonly linkWasDown: boolean;
  readonly why: string;
}

export interface TrialState {
  readonly setup: TrialSetup;
  readonly phase: "preparing" | "countdown" | "running" | "collecting" | "over";
  /** From 1, over all attempts of the trial. */
  readonly attempt: number;
  /** With these members. */
  readonly attemptsAlike: number;
  readonly members: readonly View[];
  readonly left: readonly Blamed[];
  readonly startNs: number;
  /** The phase is over by then. */
  readonly deadlineNs: number;
  readonly askedNs: number;
  readonly linkWasDown: boolean;
  /** Since when our own way to the agents is there: before that their silence says nothing. Infinity: it is not. */
  readonly linkUpNs: number;
  readonly stopped: string | null;
}

export interface TrialStep {
  readonly state: TrialState;
  readonly effects: readonly TrialEffect[];
}

export function beginTrial(setup: TrialSetup, nowNs: number): TrialStep {
  const state: TrialState = {
    setup,
    phase: "preparing",
    attempt: 0,
    attemptsAlike: 0,
    members: [],
    left: [],
    startNs: Number.POSITIVE_INFINITY,
    deadlineNs: nowNs,
    askedNs: nowNs,
    linkWasDown: false,
    linkUpNs: nowNs,
    stopped: null,
  };
  return prepare(state, setup.members, nowNs, 0);
}

/** When to send the next tick, at the latest. */
export function wakeNs(state: TrialState): number {
  const { phase, deadlineNs, askedNs, setup, startNs, members } = state;
  const { times, endsWhenSilent } = setup;
  if (phase === "countdown") return startNs - times.marginNs;
  if (phase === "collecting") return Math.min(collectUntilNs(state), askedNs + times.askAgainNs);
  if (phase !== "running") return deadlineNs;
  const open = endsWhenSilent ? members.filter(isOpen).map((view) => silentFromNs(state, view)) : [];
  return Math.min(deadlineNs, givenUpNs(state), ...open);
}

/** When a member counts as silent if nothing is heard of it until then. */
const silentFromNs = ({ setup, startNs, linkUpNs }: TrialState, { heardNs }: View): number =>
  Math.max(heardNs, startNs, linkUpNs) + setup.times.silentNs;

/** Whose end the trial still waits for: not those that only follow, unless nobody else is left. */
function awaited({ setup, members }: TrialState): readonly View[] {
  const open = members.filter((view) => isOpen(view) && view.state !== "done");
  const leading = open.filter(({ agent }) => !setup.followers.includes(agent));
  return leading.length > 0 ? leading : open;
}

/** A trial whose end nobody can tell is not waited for when nothing was heard for long of any that it waits for. */
function givenUpNs(state: TrialState): number {
  const { setup, deadlineNs } = state;
  const views = awaited(state);
  if (Number.isFinite(deadlineNs) || !setup.hasEnd || views.length === 0) return Number.POSITIVE_INFINITY;
  return Math.max(...views.map((view) => silentFromNs(state, view))) + setup.times.collectNs;
}

export function reduceTrial(before: TrialState, event: TrialEvent, nowNs: number): TrialStep {
  if (before.phase === "over" || isOfOtherAttempt(before, event)) return still(before);
  const state = heard(before, event, nowNs);
  if (event.kind === "interrupt") return interrupt(state, nowNs);
  if (event.kind === "overslept") return still(state);
  switch (state.phase) {
    case "preparing":
      return preparing(state, event, nowNs);
    case "countdown":
      return countdown(state, event, nowNs);
    case "running":
      return running(state, event, nowNs);
    case "collecting":
      return collecting(state, event, nowNs);
    case "over":
      return still(state);
  }
}

const still = (state: TrialState): TrialStep => ({ state, effects: [] });

const isOfOtherAttempt = ({ attempt }: TrialState, event: TrialEvent): boolean =>
  "attempt" in event && event.attempt !== attempt;

const isOpen = ({ state }: View): boolean => state !== "reported" && state !== "lost";

const agentOf = (event: TrialEvent): string | null => ("agent" in event ? event.agent : null);

const withMember = (state: TrialState, agent: string | null, change: (view: View) => View): TrialState => ({
  ...state,
  members: state.members.map((view) => (view.agent === agent ? change(view) : view)),
});

const asState = (state: TrialState, agent: string, next: MemberState): TrialState =>
  withMember(state, agent, (view) => ({ ...view, state: next }));

/** Everything that an agent says is a sign of life. Only a link that was down makes the others wait longer. */
function heard(state: TrialState, event: TrialEvent, nowNs: number): TrialState {
  if (event.kind === "link") {
    return { ...state, linkWasDown: true, linkUpNs: event.isUp ? nowNs : Number.POSITIVE_INFINITY };
  }
  if (event.kind === "overslept") {
    return {
      ...state,
      linkWasDown: true,
      linkUpNs: Math.max(state.linkUpNs, nowNs),
      deadlineNs: state.deadlineNs + event.byNs,
    };
  }
  if (event.kind === "absent") return state;
  return withMember(state, agentOf(event), (view) => {
    const sinceNs = Math.max(view.heardNs, state.startNs);
    const isSpell = state.phase !== "preparing" && nowNs - sinceNs >= state.setup.times.silentNs;
    return {
      ...view,
      heardNs: nowNs,
      spells: isSpell ? [...view.spells, [sinceNs - state.startNs, nowNs - state.startNs]] : view.spells,
      linkWasDown: view.linkWasDown || event.kind === "reconnected",
    };
  });
}

function prepare(state: TrialState, members: readonly Member[], nowNs: number, alike: number): TrialStep {
  const attempt = state.attempt + 1;
  const asked = members.map(({ agent, incarnation }): View => {
    const fresh = { heardNs: nowNs, spells: [], linkWasDown: false, why: "" };
    return { agent, incarnation, state: "asked", ...fresh };
  });
  const next: TrialState = {
    ...state,
    phase: "preparing",
    attempt,
    attemptsAlike: alike + 1,
    members: asked,
    startNs: Number.POSITIVE_INFINITY,
    deadlineNs: nowNs + state.setup.times.prepareNs,
  };
  return { state: next, effects: [{ kind: "prepare", attempt, members: members.map(memberOf) }] };
}

const memberOf = ({ agent, incarnation }: Member): Member => ({ agent, incarnation });

/** Nobody sends. Another attempt with the same agents, or without those that were in the way, or none. */
function failAttempt(state: TrialState, those: readonly Blamed[], nowNs: number, lasting = false): TrialStep {
  const { setup, attempt, attemptsAlike, members, left } = state;
  const blamed = those.map(({ agent, why }): Blamed => ({ agent, why }));
  const stop: TrialEffect = { kind: "stop", attempt, why: blamedWord(blamed) };
  if (attemptsAlike < setup.times.attempts && !lasting) {
    const again = prepare(state, members, nowNs, attemptsAlike);
    return { state: again.state, effects: [stop, ...again.effects] };
  }
  const others = members.filter(({ agent }) => !blamed.some((one) => one.agent === agent));
  if (others.length > 0 && others.length >= setup.minAgents) {
    const without = prepare({ ...state, left: [...left, ...blamed] }, others, nowNs, 0);
    return { state: without.state, effects: [stop, ...without.effects] };
  }
  const outcome: TrialOutcome = { kind: "not begun", blamed: [...left, ...blamed] };
  return { state: { ...state, phase: "over" }, effects: [stop, { kind: "over", outcome }] };
}

const wasStartedAgain = "it was started again";
const nobodyThere = "nobody answers at its name";

/** What an agent did before the appointed moment that ends the attempt; null: nothing. */
function blameOf(state: TrialState, event: TrialEvent): (Blamed & { readonly lasting?: boolean }) | null {
  if (event.kind === "refused") return { agent: event.agent, why: event.why, lasting: event.lasting };
  const member = state.members.find(({ agent }) => agent === agentOf(event));
  if (member === undefined) return null;
  const { agent } = member;
  if (event.kind === "absent") return { agent, why: nobodyThere };
  if (event.kind === "late") return { agent, why: `it heard of the start ${Math.round(event.byNs / 1e6)} ms too late` };
  // Its next attempt would be with a process that has no claim, and no ports.
  const isOther = "incarnation" in event && event.incarnation !== member.incarnation;
  return isOther ? { agent, why: wasStartedAgain, lasting: true } : null;
}

/** Those that are not as far, all with one reason. */
const blameThose = ({ members }: TrialState, far: MemberState, why: string): Blamed[] =>
  members.filter(({ state }) => state !== far).map(({ agent }) => ({ agent, why }));

function preparing(before: TrialState, event: TrialEvent, nowNs: number): TrialStep {
  const blamed = blameOf(before, event);
  if (blamed !== null) return failAttempt(before, [blamed], nowNs, blamed.lasting);
  if (event.kind === "tick") {
    if (nowNs < before.deadlineNs) return still(before);
    return failAttempt(before, blameThose(before, "armed", "it was not ready in time"), nowNs);
  }
  if (event.kind !== "armed") return still(before);
  const state = asState(before, event.agent, "armed");
  if (state.members.some((view) => view.state !== "armed")) return still(state);
  const { attempt, attemptsAlike, setup, members } = state;
  // Where the appointment came too late before, it takes longer.
  const startNs = nowNs + setup.times.leadNs * 2 ** (attemptsAlike - 1);
  return {
    state: { ...state, phase: "countdown", startNs, deadlineNs: startNs },
    effects: [{ kind: "go", attempt, startNs, members: members.map(memberOf) }],
  };
}

function countdown(before: TrialState, event: TrialEvent, nowNs: number): TrialStep {
  const { times, lastsNs } = before.setup;
  const isTooLate = nowNs >= before.startNs - times.marginNs;
  const blamed = blameOf(before, event);
  if (blamed !== null) return failAttempt(before, [blamed], nowNs, blamed.lasting);
  const state = event.kind === "going" && !isTooLate ? asState(before, event.agent, "going") : before;
  if (state.members.every((view) => view.state === "going")) {
    const deadlineNs = state.startNs + lastsNs + times.overtimeNs;
    const confirm: TrialEffect = { kind: "confirm", attempt: state.attempt };
    return { state: { ...state, phase: "running", deadlineNs }, effects: [confirm] };
  }
  return isTooLate
    ? failAttempt(state, blameThose(state, "going", "it did not say in time that it starts"), nowNs)
    : still(state);
}

const startedAgain = (view: View): View =>
  view.state === "done" ? { ...view, why: wasStartedAgain } : { ...view, state: "lost", why: wasStartedAgain };

/** Done, reported, or lost, as the event says it. */
function progressed(state: TrialState, event: TrialEvent): TrialState {
  if (!("incarnation" in event)) return state;
  return withMember(state, event.agent, (view) => {
    if (!isOpen(view)) return view;
    // Of one that was done, the report may be in the journal.
    if (event.incarnation !== view.incarnation) return startedAgain(view);
    if (event.kind === "report") return { ...view, state: "reported" };
    return event.kind === "done" ? { ...view, state: "done" } : view;
  });
}

function running(before: TrialState, event: TrialEvent, nowNs: number): TrialStep {
  const state = progressed(before, event);
  if (state.members.every((view) => !isOpen(view))) return finish(state);
  const asks: TrialEffect[] = event.kind === "done" ? [{ kind: "ask report", agents: [event.agent] }] : [];
  const { setup, deadlineNs } = state;
  const silent = state.members.filter((view) => isOpen(view) && nowNs >= silentFromNs(state, view));
  const allDone = state.members.every((view) => view.state === "done" || !isOpen(view));
  if (allDone || nowNs >= deadlineNs) return collect(state, nowNs, setup.times.collectNs, asks);
  if (nowNs >= givenUpNs(state)) return stopSilent(state, awaited(state), nowNs);
  if (!setup.endsWhenSilent || silent.length === 0) return { state, effects: asks };
  return stopSilent(state, silent, nowNs);
}

function stopSilent(state: TrialState, silent: readonly View[], nowNs: number): TrialStep {
  const why = `${silent.map(({ agent }) => agent).join(", ")}: nothing was heard of it any more`;
  return stopAll(state, why, nowNs, state.setup.times.collectNs);
}

function stopAll(state: TrialState, why: string, nowNs: number, collectNs: number): TrialStep {
  const stop: TrialEffect = { kind: "stop", attempt: state.attempt, why };
  return collect({ ...state, stopped: why }, nowNs, collectNs, [stop]);
}

function collect(state: TrialState, nowNs: number, collectNs: number, before: readonly TrialEffect[]): TrialStep {
  const next: TrialState = { ...state, phase: "collecting", deadlineNs: nowNs + collectNs, askedNs: nowNs };
  // Whoever is done was asked when it said so.
  const others = next.members.filter((view) => isOpen(view) && view.state !== "done").map(({ agent }) => agent);
  const asks: TrialEffect[] = others.length === 0 ? [] : [{ kind: "ask report", agents: others }];
  return { state: next, effects: [...before, ...asks] };
}

const openAgents = ({ members }: TrialState): string[] => members.filter(isOpen).map(({ agent }) => agent);

/** A link that was down may bring the report later. */
function collectUntilNs({ deadlineNs, setup, linkWasDown, members, stopped }: TrialState): number {
  const mayReturn = linkWasDown || members.some((view) => isOpen(view) && view.linkWasDown);
  return deadlineNs + (mayReturn && stopped !== interruptedWord ? setup.times.reconnectNs : 0);
}

function collecting(before: TrialState, event: TrialEvent, nowNs: number): TrialStep {
  const state = progressed(withReason(before, event), event);
  const open = openAgents(state);
  if (open.length === 0) return finish(state);
  if (nowNs >= collectUntilNs(state)) return finish(lose(state));
  if (nowNs < state.askedNs + state.setup.times.askAgainNs) return still(state);
  return { state: { ...state, askedNs: nowNs }, effects: [{ kind: "ask report", agents: open }] };
}

/** It may say why it does not give its report. */
const withReason = (state: TrialState, event: TrialEvent): TrialState =>
  event.kind === "refused" ? withMember(state, event.agent, (view) => ({ ...view, why: event.why })) : state;

const lose = (state: TrialState): TrialState => ({
  ...state,
  members: state.members.map((view) =>
    isOpen(view) ? { ...view, state: "lost", why: view.why === "" ? "its report did not come" : view.why } : view,
  ),
});

function interrupt(state: TrialState, nowNs: number): TrialStep {
  const { phase, attempt, setup, left } = state;
  if (phase === "collecting") {
    const deadlineNs = Math.min(state.deadlineNs, nowNs + setup.times.interruptedNs);
    return still({ ...state, stopped: interruptedWord, deadlineNs });
  }
  if (phase === "running") return stopAll(state, interruptedWord, nowNs, setup.times.interruptedNs);
  const outcome: TrialOutcome = { kind: "not begun", blamed: left };
  const stop: TrialEffect = { kind: "stop", attempt, why: interruptedWord };
  return { state: { ...state, phase: "over", stopped: interruptedWord }, effects: [stop, { kind: "over", outcome }] };
}

function finish(state: TrialState): TrialStep {
  const { members, left, startNs, stopped, attempt } = state;
  const outcome: TrialOutcome = {
    kind: "over",
    members: members.map(memberOf),
    startNs,
    lost: members.filter((view) => view.state === "lost").map(({ agent, why }) => ({ agent, why })),
    left,
    silent: members.flatMap(({ agent, spells }) => spells.map(([fromNs, toNs]) => ({ agent, fromNs, toNs }))),
    stopped,
  };
  // Whoever is lost may still send, or wait.
  const why = "its report is not waited for any more";
  const stop: TrialEffect[] = outcome.lost.length === 0 ? [] : [{ kind: "stop", attempt, why }];
  return { state: { ...state, phase: "over" }, effects: [...stop, { kind: "over", outcome }] };
}
