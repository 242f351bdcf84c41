/** A job's whole code on rings of its own thread: nothing leaves the program. */
export { RehearsedJob, type RehearsedSetup } from "./rehearsed-job.js";
