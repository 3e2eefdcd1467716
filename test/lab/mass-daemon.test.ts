import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("mass-daemon.js", 590_000);
