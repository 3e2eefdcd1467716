import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("snmp-pool.js", 300_000);
