import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("mail-checks.js", 540_000);
