import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("ipvs-kernel-semantics.js", 300_000);
