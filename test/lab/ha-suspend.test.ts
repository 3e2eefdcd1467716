import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("ha-suspend.js", 240_000);
