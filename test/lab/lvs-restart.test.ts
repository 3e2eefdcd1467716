import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("lvs-restart.js", 300_000);
