import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("ipvlan.js", 400_000);
