/** The network whose page is shown, for the parts on it. */
import { createContext, useContext } from "react";
import type { Network } from "@/api/shapes";

export const NetworkContext = createContext<Network | undefined>(undefined);

export function useNetwork(): Network {
  const network = useContext(NetworkContext);
  if (!network) throw new Error("this is shown outside a network's page");
  return network;
}
