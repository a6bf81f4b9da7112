/** The API, session and live connection of whoever is signed in. */
import { createContext, useContext } from "react";
import type { Api } from "@/api/client";
import type { Live } from "@/api/live";
import type { Session } from "@/api/session";

export type SignedIn = { api: Api; session: Session; live: Live };

export const SignedInContext = createContext<SignedIn | undefined>(undefined);

export function useSignedIn(): SignedIn {
  const value = useContext(SignedInContext);
  if (!value) throw new Error("nobody is signed in");
  return value;
}

export const useApi = (): Api => useSignedIn().api;
