import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("stall.js", 400_000);
