/** The pages behind the sign-in: each feature's routes in their places. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  RouterProvider,
} from "@tanstack/react-router";
import { useMe } from "@/api/me";
import { placesOf } from "@/app/Navigation";
import { NotFound, PageBroke } from "@/app/pages/Trouble";
import { Shell } from "@/app/Shell";
import { addressesRoute } from "@/features/addresses/routes";
import { auditRoute } from "@/features/audit/routes";
import { changesRoute } from "@/features/changes/routes";
import { joinKeysRoute } from "@/features/joinKeys/routes";
import { networksRoute } from "@/features/networks/routes";
import { devicesRoute, peersRoute } from "@/features/peers/routes";
import { rulesRoute } from "@/features/rules/routes";
import { settingsRoute } from "@/features/settings/routes";
import { tokensRoute } from "@/features/tokens/routes";
import { usersRoute } from "@/features/users/routes";
import { visited } from "@/lib/visited";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, errorComponent: PageBroke });
const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: Home,
});
const networks = createRoute({ getParentRoute: () => root, ...networksRoute });
const network = createRoute({
  getParentRoute: () => root,
  path: "/networks/$networkId",
  component: lazyRouteComponent(() => import("@/app/pages/NetworkPage")),
});
const peers = createRoute({ getParentRoute: () => network, ...peersRoute });
const changes = createRoute({ getParentRoute: () => network, ...changesRoute });
const joinKeys = createRoute({
  getParentRoute: () => network,
  ...joinKeysRoute,
  component: visited(
    () => import("@/app/pages/JoinKeysPart"),
    () => import("@/features/joinKeys/texts"),
    () => import("@/features/peers/texts"),
  ),
});
const rules = createRoute({
  getParentRoute: () => network,
  ...rulesRoute,
  component: visited(
    () => import("@/app/pages/RulesPart"),
    () => import("@/features/rules/texts"),
    () => import("@/features/peers/texts"),
  ),
});
const addresses = createRoute({ getParentRoute: () => network, ...addressesRoute });
const devices = createRoute({ getParentRoute: () => root, ...devicesRoute });
const users = createRoute({ getParentRoute: () => root, ...usersRoute });
const tokens = createRoute({ getParentRoute: () => root, ...tokensRoute });
const audit = createRoute({ getParentRoute: () => root, ...auditRoute });
const settings = createRoute({ getParentRoute: () => root, ...settingsRoute });
const profile = createRoute({
  getParentRoute: () => root,
  path: "/profile",
  component: visited(
    () => import("@/app/pages/ProfilePage"),
    () => import("@/features/peers/texts"),
    () => import("@/features/tokens/texts"),
  ),
});
const pages = [home, networks, devices, users, tokens, audit, settings, profile];

const router = createRouter({
  routeTree: root.addChildren([...pages, network.addChildren([peers, addresses, rules, joinKeys, changes])]),
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

/** Where people begin: at the first page that is theirs. */
function Home() {
  const me = useMe();
  return me && <Navigate to={(placesOf(me)[0]?.to ?? "/profile") as "/networks"} replace />;
}

export default function Pages() {
  return <RouterProvider router={router} />;
}
