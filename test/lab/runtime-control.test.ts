import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("runtime-control.js", 300_000);
