import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("sync-daemon.js", 400_000);
