import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("mass-tcp.js", 400_000);
