import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("vrf.js", 400_000);
