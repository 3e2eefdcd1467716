import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("lvs-flush.js", 300_000);
