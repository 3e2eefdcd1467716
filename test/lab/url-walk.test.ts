import { replayGuestTests } from "./guest-tests.ts";

await replayGuestTests("url-walk.js", 420_000);
