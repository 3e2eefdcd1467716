import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("same-table.js", 400_000);
