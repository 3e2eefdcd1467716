import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("snmp-tables.js", 300_000);
