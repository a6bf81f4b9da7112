/** What an operator pastes on a host. */
type Place = Pick<Location, "origin" | "protocol" | "hostname">;
const START = "sudo systemctl enable --now wirety-agent wirety-agent-seal";
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

export const INSTALL_COMMAND =
  "sudo apt-get install -y wireguard-tools iproute2 nftables python3-venv && sudo python3 -m venv /opt/wirety-agent && " +
  "sudo /opt/wirety-agent/bin/pip install ./agent && sudo ln -sf /opt/wirety-agent/bin/wirety-agent /usr/local/bin/ && " +
  "sudo install -m 644 agent/packaging/wirety-agent.service agent/packaging/wirety-agent-seal.service /etc/systemd/system/ && " +
  "sudo install -D -m 644 agent/packaging/networkd.conf /etc/systemd/networkd.conf.d/wirety.conf";

/** A host that joins by a join key, and starts: the same line for any number of hosts. */
export function joinCommand(location: Place, key: string): string {
  return ` echo ${key} | sudo wirety-agent join ${serverOf(location)} --key - && ${START}`;
}

/** The same at the first boot of a machine image with the agent in it. */
export function joinCloudInit(location: Place, key: string): string {
  return `#cloud-config
runcmd:
  - echo ${key} | wirety-agent join ${serverOf(location)} --key -
  - systemctl enable --now wirety-agent wirety-agent-seal
`;
}

/**
 * Enrols and starts the agent, and has the next boot sealed if full encapsulation is turned on until then. The token goes in by standard input, so that it stands in no
 * process list; the space in front keeps it out of the history of most shells.
 */
export function enrollCommand(location: Place, token: string): string {
  return ` echo ${token} | sudo wirety-agent enroll ${serverOf(location)} --token - && ${START}`;
}

function serverOf(location: Place): string {
  const isPlain = location.protocol === "http:" && !LOOPBACK.includes(location.hostname);
  return `--server ${location.origin}${isPlain ? " --insecure" : ""}`;
}
