import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("mass-change.js", 600_000);
