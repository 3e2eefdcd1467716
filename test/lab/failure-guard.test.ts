import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("failure-guard.js", 300_000);
