import { replayGuestTests } from "../lab/guest-tests.ts";

await replayGuestTests("../../native/ipvs-guest.js", 300_000);
