import { type KeywordTable, table } from "./table.ts";

export const TRACK_GROUP: KeywordTable = table(
  "track_group",
  "static",
  `
group :: { INSTANCE names } :: - :: once; empty group is removed :: Instances whose interface state covers the static items
`,
);

export const VRRP_SYNC_GROUP: KeywordTable = table(
  "vrrp_sync_group",
  "vrrp",
  `
group :: { INSTANCE names } :: - :: once; an instance may be in one group only :: Members of the group
track_interface :: { IFNAME [weight N [reverse]] lines } :: - :: weight -253..253 :: Interfaces tracked for every member
track_script :: { NAME [weight N [reverse|noreverse]] lines } :: - :: weight -253..253 :: Scripts tracked for every member
track_file :: { NAME [weight N [reverse|noreverse]] lines } :: - :: weight -254..254 :: Files tracked for every member
track_process :: { NAME [weight N [reverse|noreverse]] lines } :: - :: weight -254..254 :: Processes tracked for every member
track_bfd :: { NAME [weight N [reverse|noreverse]] lines } :: - :: weight -253..253 :: BFD sessions tracked for every member
notify_backup :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when the group becomes BACKUP :: first
notify_master :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when the group becomes MASTER :: first
notify_fault :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when the group becomes FAULT :: first
notify_stop :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins :: Run when VRRP stops :: first
notify :: <"SCRIPT args"> [USER [GROUP]] :: none :: first wins; 4 args appended :: Run on every group change :: first
smtp_alert :: [bool] :: smtp_alert_vrrp, smtp_alert, else false :: - :: Mail group changes
global_tracking :: (flag) :: off :: deprecated :: Old name of sync_group_tracking_weight :: deprecated
sync_group_tracking_weight :: (flag) :: off :: - :: Let members keep weighted tracking
notify_priority_changes :: [bool] :: global value :: - :: Write member priority changes to FIFOs
`,
);

export const GARP_GROUP: KeywordTable = table(
  "garp_group",
  "vrrp",
  `
garp_interval :: <DECIMAL 0..4294.967295> :: unset :: seconds; >=1 logs a notice :: Gap between ARP packets on these interfaces
gna_interval :: <DECIMAL 0..4294.967295> :: unset :: seconds; >=1 logs a notice :: Gap between NA packets on these interfaces
interface :: <IFNAME> :: - :: not a VMAC; one group per interface :: Single interface using this pacing
interfaces :: { IFNAME words } :: - :: not VMACs :: Interfaces sharing this pacing
`,
);
