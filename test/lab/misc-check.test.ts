import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("misc-check.js", 240_000);
