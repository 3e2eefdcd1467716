import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("check-data.js", 180_000);
