import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("table-words.js", 400_000);
