import { type KeywordTable, table } from "./table.ts";

export const VRRP_SCRIPT: KeywordTable = table(
  "vrrp_script",
  "script",
  `
script :: <"COMMAND args"> :: required :: quotes and escapes honoured; </path tests a file :: Command to run :: silent
interval :: <DECIMAL 0..4294> :: 1 :: seconds, 1 ms steps; 0 becomes 1 with error :: Time between runs
timeout :: <DECIMAL 0..4294> :: interval :: seconds, 1 ms steps; 0 becomes 1 with error :: Run time after which it is killed and failed
weight :: <INT -253..253> [reverse] :: 0 :: 0 = failure means FAULT :: Default priority change :: clamped
rise :: <INT 1..2147483647> :: 1 :: bad value sets 1 :: Successes in a row to become good
fall :: <INT 1..2147483647> :: 1 :: bad value sets 1 :: Failures in a row to become bad
user :: <USER> [GROUP] :: script_user :: failure removes the script :: Identity the script runs under
init_fail :: (flag) :: off :: reset when an instance tracks the script :: Assume failed until first success
`,
);

export const VRRP_TRACK_PROCESS: KeywordTable = table(
  "vrrp_track_process",
  "script",
  `
process :: <NAME|PATH> [ARGS ...] :: required :: first wins :: Process name or command line to match :: first
param_match :: [initial | partial] :: none; exact if args given or bare keyword :: - :: How arguments must match
weight :: <INT -254..254> [reverse] :: 0 :: 0 = no quorum means FAULT :: Default priority change :: lenient
quorum :: <INT 1..65535> :: 1 :: not above quorum_max :: Fewest processes that count as up
quorum_max :: <INT 0..65535> :: unlimited :: 0 means process must not run :: Most processes that count as up
delay :: <DECIMAL 0.000001..3600> :: 0 :: seconds :: Sets both fork_delay and terminate_delay
terminate_delay :: <DECIMAL 0.000001..3600> :: 0 :: seconds :: Wait before a lost quorum counts
fork_delay :: <DECIMAL 0.000001..3600> :: 0 :: seconds :: Wait before a gained quorum counts
full_command :: (flag) :: off (implied by args) :: - :: Match argv instead of the 15 char comm name
`,
);

export const TRACK_FILE: KeywordTable = table(
  "track_file",
  "script",
  `
file :: <PATH> :: required :: directory must exist; no read-only or network filesystem :: File to read and watch with inotify :: lenient first
weight :: <INT -254..254> [reverse] :: 1 :: result = value x weight :: Multiplier for the file value :: lenient
init_file :: [VALUE] [overwrite] :: off; value 0 :: -254..254 sensible :: Create the file at startup (not on reload)
`,
);

export const VRRP_TRACK_FILE: KeywordTable = table(
  "vrrp_track_file",
  "script",
  `
file :: <PATH> :: required :: directory must exist; no read-only or network filesystem :: File to read and watch with inotify :: lenient first
weight :: <INT -254..254> [reverse] :: 1 :: result = value x weight :: Multiplier for the file value :: lenient
init_file :: [VALUE] [overwrite] :: off; value 0 :: -254..254 sensible :: Create the file at startup (not on reload)
`,
);
