/** The one store: what was read of the API, kept fresh by pushes. */
import { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/lib/problem";

/** Nothing is read again by time or focus. */
export function newCache(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: Number.POSITIVE_INFINITY,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (failures, error) =>
          failures < 2 && !(error instanceof Problem && error.status > 0 && error.status < 500),
      },
    },
  });
}
