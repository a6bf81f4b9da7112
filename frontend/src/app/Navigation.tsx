/** The pages that the role of whoever is signed in lets them use: a rail on the left, on phones a bar below. */
import { Anchor } from "@mantine/core";
import {
  type Icon,
  IconDevices,
  IconHistory,
  IconKey,
  IconSettings,
  IconTopologyStar3,
  IconUsers,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { type CallName, may, useMe } from "@/api/me";
import type { Me } from "@/api/shapes";
import classes from "@/app/Navigation.module.css";

type Place = { to: string; text: string; icon: Icon; needs: CallName };

const PLACES: readonly Place[] = [
  { to: "/networks", text: "app.networks", icon: IconTopologyStar3, needs: "GET /networks" },
  { to: "/users", text: "app.users", icon: IconUsers, needs: "GET /users" },
  { to: "/tokens", text: "app.tokens", icon: IconKey, needs: "GET /tokens" },
  { to: "/audit", text: "app.audit", icon: IconHistory, needs: "GET /audit" },
  { to: "/settings", text: "app.settings", icon: IconSettings, needs: "GET /settings" },
];
const DEVICES: Place = { to: "/devices", text: "app.devices", icon: IconDevices, needs: "GET /peers" };

/** A member's own devices come first: they see no networks. Others find theirs in their profile. */
export function placesOf(me: Pick<Me, "role" | "networks">): readonly Place[] {
  const all = me.role === "member" ? [DEVICES, ...PLACES] : PLACES;
  return all.filter(({ needs }) => may(me, needs));
}

export function Navigation() {
  const { t } = useTranslation();
  const me = useMe();
  return (
    <nav aria-label={t("app.pages")} className={classes.rail}>
      {me &&
        placesOf(me).map(({ to, text, icon: Mark }) => (
          <Anchor key={to} component={Link} to={to as never} className={classes.link} underline="never">
            <Mark size={19} stroke={1.7} aria-hidden />
            <span>{t(text as never)}</span>
          </Anchor>
        ))}
    </nav>
  );
}
