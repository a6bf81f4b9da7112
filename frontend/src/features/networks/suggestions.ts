/** A first network to offer: private, small, and seldom used by home routers. */
const FIRST_OCTET = 20;

export function suggestedCidr(taken: readonly string[]): string {
  const used = new Set(taken.filter((cidr) => cidr.startsWith("10.")).map((cidr) => Number(cidr.split(".")[1])));
  const free = Array.from({ length: 256 }, (_, n) => (FIRST_OCTET + n) % 256).find((octet) => !used.has(octet));
  return `10.${free ?? FIRST_OCTET}.0.0/24`;
}

export function suggestedName(taken: readonly string[]): string {
  const names = new Set(taken);
  if (!names.has("home")) return "home";
  return `network-${Array.from({ length: names.size + 1 }, (_, n) => n + 2).find((n) => !names.has(`network-${n}`))}`;
}
