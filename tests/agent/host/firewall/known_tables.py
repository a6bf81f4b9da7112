"""Tables as Docker, ufw, firewalld and others load them."""

DOCKER = """
table ip filter {
  chain DOCKER-USER { }
  chain FORWARD { type filter hook forward priority filter; policy drop; counter jump DOCKER-USER
    oifname "docker0" ct state related,established accept; iifname "docker0" oifname != "docker0" accept; }
}
table ip nat {
  chain POSTROUTING { type nat hook postrouting priority srcnat; policy accept; }
}
"""
UFW = """
table ip filter {
  chain ufw-before-forward { ct state related,established accept; }
  chain FORWARD { type filter hook forward priority filter; policy drop; jump ufw-before-forward; }
}
table ip6 filter {
  chain ufw6-before-forward { }
  chain FORWARD { type filter hook forward priority filter; policy drop; jump ufw6-before-forward; }
}
"""
FIREWALLD = """
table inet firewalld {
  chain filter_FORWARD { type filter hook forward priority filter + 10; policy accept;
    ct state { established, related } accept; iifname "lo" accept; ct state invalid drop
    reject with icmpx admin-prohibited; }
}
"""
HARMLESS = """
table inet mine {
  chain forward { type filter hook forward priority filter; policy accept; ip daddr 192.0.2.1 drop; }
  chain input { type filter hook input priority filter; policy drop; }
  chain other { drop; }
}
table inet wy00000009 {
  chain forward { type filter hook forward priority filter; policy drop; }
}
table bridge br {
  chain forward { type filter hook forward priority 0; policy drop; }
}
"""
# ufw, with the listen port let in and no more
UFW_INPUT = """
table ip filter {
  chain ufw-before-input { iifname "lo" accept; ct state related,established accept; ct state invalid drop
    icmp type echo-request accept; }
  chain ufw-user-input { udp dport 51820 accept; tcp dport 22 accept; }
  chain INPUT { type filter hook input priority filter; policy drop; jump ufw-before-input; jump ufw-user-input; }
}
"""
FIREWALLD_INPUT = """
table inet firewalld {
  chain filter_IN_public { tcp dport 22 ct state { new, untracked } accept; udp dport 51820 accept; }
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept;
    ct state { established, related } accept; iifname "lo" accept; ct state vmap { invalid : drop }
    goto filter_INPUT_ZONES; }
  chain filter_INPUT_ZONES { iifname "eth0" goto filter_IN_public; goto filter_IN_public_all; }
  chain filter_IN_public_all { jump filter_IN_public; meta l4proto { icmp, ipv6-icmp } accept
    reject with icmpx admin-prohibited; }
}
"""
# Another overlay's, below a policy that accepts: nobody but it has these addresses
OVERLAY = """
table ip filter {
  chain ts-input { iifname "lo" ip saddr 100.100.1.1 counter accept
    ip saddr 100.64.0.0/10 iifname != "tailscale0" counter drop; iifname "tailscale0" counter accept; }
  chain ts-forward { iifname "tailscale0" counter meta mark set 1; ip saddr 100.64.0.0/10 oifname "tailscale0" drop; }
  chain INPUT { type filter hook input priority filter; policy accept; counter jump ts-input; }
  chain FORWARD { type filter hook forward priority filter; policy accept; counter jump ts-forward; }
}
"""
OPENED = DOCKER.replace("DOCKER-USER { }", 'DOCKER-USER { iifname "wy*" counter accept; }')
