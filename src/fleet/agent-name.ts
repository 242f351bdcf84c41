/**
 * The name of an agent is its address: two agents of one name would both do what one of them is asked. Whoever comes
 * second is refused. Two that did not see each other then, e.g. because one of them was cut off, find it out by their
 * beats, and the one that began later ends.
 */
import { environmentError, type PktgenError } from "../errors.js";
import type { Bus } from "./bus.js";
import { subjectOf } from "./names.js";
import { answers, protocolVersion } from "./protocol.js";

/** Nobody who is there takes longer. Nobody at all is known at once. */
const askMs = 1_000;

/** What is known of an agent of a name. */
export interface NameHolder {
  readonly from: string;
  readonly incarnation: string;
  readonly host: string;
  /** When it began, as a date in UTC. */
  readonly since: string;
}

const takenBy = ({ from, host, since }: NameHolder): PktgenError =>
  environmentError(`the name ${from} is taken: an agent at host ${host} has it since ${since}`, {
    where: "--name",
    hint: "another name for this agent, or end that one",
  });

/** @throws PktgenError (3): another agent answers at this name. */
export async function refuseTakenName(bus: Bus, { from, incarnation }: NameHolder): Promise<void> {
  const answer = await bus.request(subjectOf.agent(from, "facts"), { v: protocolVersion, from }, askMs);
  const facts = answer.kind === "answer" ? answers.facts.safeParse(answer.data) : null;
  if (facts?.success === true && facts.data.incarnation !== incarnation) throw takenBy(facts.data);
}

/** Calls `taken` where an agent of the same name is heard that began earlier. */
export function watchName(bus: Bus, own: NameHolder, taken: (error: PktgenError) => void): Promise<Disposable> {
  return bus.subscribe(subjectOf.beat(own.from), ({ data }) => {
    const beat = answers.beat.safeParse(data);
    if (!beat.success || beat.data.from !== own.from || beat.data.incarnation === own.incarnation) return;
    const { incarnation, host, since } = beat.data;
    const isEarlier = since === own.since ? incarnation < own.incarnation : since < own.since;
    if (isEarlier) taken(takenBy({ from: own.from, incarnation, host, since }));
  });
}
