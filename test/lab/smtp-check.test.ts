import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("smtp-check.js", 240_000);
