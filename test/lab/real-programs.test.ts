import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("real-programs.js", 500_000);
