/** The pages behind the sign-in: each feature's routes in their places. */
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
import { changesRoute } from "@/features/changes/routes";
import { networksRoute } from "@/features/networks/routes";
import { peersRoute } from "@/features/peers/routes";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageBroke });
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: () => <Navigate to="/networks" replace />,
});
const networks = createRoute({ getParentRoute: () => root, ...networksRoute });
const network = createRoute({
  getParentRoute: () => root,
  path: "/networks/$networkId",
  component: lazyRouteComponent(() => import("@/app/pages/NetworkPage")),
});
const peers = createRoute({ getParentRoute: () => network, ...peersRoute });
const changes = createRoute({ getParentRoute: () => network, ...changesRoute });

const router = createRouter({
  routeTree: root.addChildren([home, networks, network.addChildren([peers, changes])]),
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
