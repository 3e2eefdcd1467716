import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("lvs-pair.js", 400_000);
