/** Components as the console shows them, with an API of the test's own and no socket. */
import { MantineProvider } from "@mantine/core";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { apiClient } from "@/api/client";
import { SignedInContext } from "@/api/context";
import { keys } from "@/api/queries";
import { newCache } from "@/app/start";
import { cssVariables, theme } from "@/app/theme";
import { peersSearch } from "@/lib/search";

export const API = "http://localhost:3000/api/v1";
export const api = apiClient(API, { token: "token", renew: async () => {} });

export function show(ui: ReactNode, { path = "/networks/net_1", cache = newCache() } = {}) {
  cache.setQueryData(keys.me, { id: "usr_1", kind: "user", name: "ana", role: "administrator", networks: null });
  const root = createRootRoute();
  const children = ["/networks", "/networks/$networkId"].map((route) =>
    createRoute({
      getParentRoute: () => root,
      path: route,
      validateSearch: peersSearch,
      component: () => <>{ui}</>,
    }),
  );
  const history = createMemoryHistory({ initialEntries: [path] });
  const router = createRouter({ routeTree: root.addChildren(children), history });
  const signedIn = { api, session: undefined as never, live: undefined as never };
  render(
    <MantineProvider env="test" theme={theme} cssVariablesResolver={cssVariables}>
      <SignedInContext value={signedIn}>
        <QueryClientProvider client={cache}>
          <RouterProvider router={router as never} />
        </QueryClientProvider>
      </SignedInContext>
    </MantineProvider>,
  );
  return { cache: cache as QueryClient, router };
}
