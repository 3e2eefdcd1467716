import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("random-tables.js", 580_000);
