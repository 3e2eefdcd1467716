import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("bfd-check.js", 560_000);
