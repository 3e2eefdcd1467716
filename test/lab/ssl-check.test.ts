import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("ssl-check.js", 600_000);
