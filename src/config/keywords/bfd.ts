import { type KeywordTable, table } from "./table.ts";

export const BFD_INSTANCE: KeywordTable = table(
  "bfd_instance",
  "bfd",
  `
source_ip :: <IP> :: kernel choice :: same family as neighbor :: Local address
neighbor_ip :: <IP> :: required :: unique per source :: Peer address
neighbour_ip :: <IP> :: required :: - :: British spelling of neighbor_ip
min_rx :: <DECIMAL 1..4294967> :: 10 :: milliseconds; >10000 warns :: Required minimum receive interval
min_tx :: <DECIMAL 1..4294967> :: 10 :: milliseconds; >10000 warns :: Desired minimum transmit interval
idle_tx :: <DECIMAL 1000..4294967> :: 1000 :: milliseconds; >10000 warns :: Transmit interval while down
multiplier :: <INT 1..255> :: 5 :: - :: Detection multiplier
passive :: (flag) :: off :: - :: Wait for the peer to start
ttl :: <INT 1..255> :: 255 (IPv6 64) :: - :: TTL of sent packets
hoplimit :: <INT 1..255> :: 64 (IPv4 255) :: - :: Same as ttl
max_hops :: <INT -1..255> :: 0 :: clamped to ttl; -1 disables the check :: Hops a received packet may have used
multihop :: [bool] :: false :: port 4784 instead of 3784 :: RFC5883 multihop session :: 2.4
weight :: <INT -253..253> [reverse] :: 0 :: 0 = down means FAULT :: Default priority change for track_bfd
vrrp :: (flag) :: both when neither given :: - :: Send events to VRRP only unless checker too
checker :: (flag) :: both when neither given :: - :: Send events to checkers only unless vrrp too
`,
);
