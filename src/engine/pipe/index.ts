/** Frames between threads through shared memory: from captures to loops, and from loops to captures. */
export { PipeBurst } from "./burst.js";
export { PipeCursor } from "./cursor.js";
export { type PipeLayout, PipeReader, PipeWriter, pipeBytesOf, pipeState, pipeWord } from "./frame-pipe.js";
export { PipeRecorder } from "./recorder.js";
export { type RecordingSetup, recordingWord } from "./recording-rings.js";
