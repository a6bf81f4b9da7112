/** An IPv4 address or range as a number to sort by, so that .9 comes before .10. */
export function addressOrder(address: string): number {
  const [ip = "", prefix = "0"] = address.split("/");
  return ip.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0) + Number(prefix) / 100;
}
