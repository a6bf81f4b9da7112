/** The pages behind the sign-in: one route each, loaded when visited. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  RouterProvider,
} from "@tanstack/react-router";
import { NotFound, PageBroke } from "@/app/pages/Trouble";
import { Shell } from "@/app/Shell";
import { networksSearch, peersSearch } from "@/lib/search";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageBroke });
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: () => <Navigate to="/networks" replace />,
});
const networks = createRoute({
  getParentRoute: () => root,
  path: "/networks",
  validateSearch: networksSearch,
  component: lazyRouteComponent(() => import("@/features/networks/NetworksPage")),
});
const network = createRoute({
  getParentRoute: () => root,
  path: "/networks/$networkId",
  validateSearch: peersSearch,
  component: lazyRouteComponent(() => import("@/app/pages/NetworkPage")),
});

const router = createRouter({
  routeTree: root.addChildren([home, networks, network]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

export default function Pages() {
  return <RouterProvider router={router} />;
}
