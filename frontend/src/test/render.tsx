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
import { newCache } from "@/api/cache";
import { apiClient } from "@/api/client";
import { SignedInContext } from "@/api/context";
import { ME } from "@/api/me";
import type { Granted, Me, Role } from "@/api/shapes";
import { cssVariables, theme } from "@/app/theme";
import { NetworkContext } from "@/components/network";
import { aNetwork } from "@/test/values";

export const API = "http://localhost:3000/api/v1";
export const api = apiClient(API, { token: "token", renew: async () => {} });

type Options = { path?: string; cache?: QueryClient; role?: Role; networks?: string[]; granted?: Granted[] };

/** On the page of the network `aNetwork()`, seen by an administrator. */
export function show(
  ui: ReactNode,
  { path = "/networks/net_1", cache = newCache(), role = "administrator", ...seen }: Options = {},
) {
  const me: Me = {
    id: "usr_1",
    kind: "user",
    name: "ana",
    role,
    role_source: "group",
    networks: seen.networks ?? null,
    granted: seen.granted ?? null,
    doubts: [],
  };
  cache.setQueryData(ME, me);
  const root = createRootRoute();
  const children = ["/networks", "/networks/$networkId", "/users", "/tokens", "/audit", "/settings", "/devices"].map(
    (route) => createRoute({ getParentRoute: () => root, path: route, component: () => <>{ui}</> }),
  );
  const history = createMemoryHistory({ initialEntries: [path] });
  const router = createRouter({ routeTree: root.addChildren(children), history });
  const signedIn = { api, session: undefined as never, live: undefined as never };
  render(
    <MantineProvider env="test" theme={theme} cssVariablesResolver={cssVariables}>
      <SignedInContext value={signedIn}>
        <QueryClientProvider client={cache}>
          <NetworkContext value={aNetwork()}>
            <RouterProvider router={router as never} />
          </NetworkContext>
        </QueryClientProvider>
      </SignedInContext>
    </MantineProvider>,
  );
  return { cache, router };
}
