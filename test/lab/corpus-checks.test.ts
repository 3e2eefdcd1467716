import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("corpus-checks.js", 600_000);
