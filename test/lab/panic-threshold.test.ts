import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("panic-threshold.js", 300_000);
