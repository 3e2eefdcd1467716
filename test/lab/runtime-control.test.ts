import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("runtime-control.js", 120_000);
