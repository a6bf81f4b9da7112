/** One person: what is known of them, and for who may: their role, networks, suspension and end. */
import { Alert, Button, Divider, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconTrash, IconUserCheck, IconUserOff } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import { useVisibleNetworks } from "@/api/networks";
import type { Role, User } from "@/api/shapes";
import { Fact, Facts } from "@/components/Facts";
import { NetworkNames } from "@/components/NetworkNames";
import { NetworksField } from "@/components/NetworksField";
import { RoleField } from "@/components/RoleField";
import { SidePanel } from "@/components/SidePanel";
import { When } from "@/components/When";
import { messageOf } from "@/lib/problem";
import { ROLES } from "@/lib/roles";
import { useChangeUser } from "./api";
import { nameOf, roleOf } from "./filters";
import { useLetIn } from "./letIn";
import { StateMark } from "./StateMark";

const SuspendUser = lazy(() => import("./SuspendUser"));
const RemoveUser = lazy(() => import("./RemoveUser"));

export default function UserPanel({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const networks = useVisibleNetworks() ?? [];
  const mayChange = useMay("PATCH /users/{user_id}");
  const sourceOf = ({ state, role_source }: User) =>
    state === "invited" ? t("users.fromFirst") : role_source && t(`roleSource.${role_source}`);
  return (
    <SidePanel title={nameOf(user)} onClose={onClose}>
      <Stack>
        <Facts>
          {user.email && <Fact label={t("users.email")} value={user.email} copy />}
          <Fact label={t("users.state")}>
            <StateMark state={user.state} />
          </Fact>
          <Fact
            label={t("users.role")}
            value={[t(`role.${roleOf(user) ?? "none"}`), sourceOf(user)].filter(Boolean).join(", ")}
          />
          {!mayChange && (
            <Fact label={t("users.networks")}>
              <NetworkNames ids={user.networks} known={networks} />
            </Fact>
          )}
          <Fact label={t("users.devices")} value={String(user.owned_peers)} />
          <Fact label={t("users.seen")}>
            <When at={user.last_seen_at} otherwise={t("users.neverSeen")} />
          </Fact>
          <Fact label={t("users.created")}>
            <When at={user.created_at} otherwise="" />
          </Fact>
        </Facts>
        {mayChange && (
          <>
            <Divider />
            <Rights key={user.revision} user={user} />
          </>
        )}
        <Ends user={user} />
      </Stack>
    </SidePanel>
  );
}

function Rights({ user }: { user: User }) {
  const { t } = useTranslation();
  const known = useVisibleNetworks() ?? [];
  const change = useChangeUser();
  const [role, setRole] = useState<Role | null>(user.own_role);
  const [networks, setNetworks] = useState(user.networks);
  const isChanged = role !== user.own_role || JSON.stringify(networks) !== JSON.stringify(user.networks);
  const save = () =>
    change.mutate(
      { id: user.id, change: { role, networks } },
      {
        onSuccess: () => {
          const title = t("users.savedToast", { name: nameOf(user) });
          notifications.show({ title, message: t("users.savedToastText"), color: "teal" });
        },
      },
    );
  return (
    <Stack>
      {user.role_source === "group" && <Text size="sm">{t("users.groupDecides")}</Text>}
      {user.role_source === "deployment" && <Text size="sm">{t("users.settingsDecide")}</Text>}
      <RoleField
        label={t("users.ownRole")}
        value={role ?? ""}
        roles={ROLES}
        none={{ label: t("users.noOwnRole"), text: t("users.noOwnRoleText") }}
        onChange={(value) => setRole(ROLES.find((known) => known === value) ?? null)}
      />
      <NetworksField
        label={t("users.networks")}
        value={networks}
        known={known}
        all={t("networksField.allToCome")}
        onChange={setNetworks}
      />
      {change.error && (
        <Alert color="red" variant="outline" role="alert">
          {messageOf(change.error)}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button onClick={save} disabled={!isChanged} loading={change.isPending}>
          {t("users.save")}
        </Button>
      </Group>
    </Stack>
  );
}

/** Out for a while, in again, or gone. */
function Ends({ user }: { user: User }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"suspend" | "remove">();
  const mayChange = useMay("PATCH /users/{user_id}");
  const mayRemove = useMay("DELETE /users/{user_id}");
  const letIn = useLetIn();
  const close = () => setAsking(undefined);
  if (!mayChange && !mayRemove) return null;
  return (
    <>
      <Divider />
      <Group>
        {mayChange && user.state === "active" && (
          <Button
            variant="default"
            leftSection={<IconUserOff size={16} aria-hidden />}
            onClick={() => setAsking("suspend")}
          >
            {t("users.suspend")}
          </Button>
        )}
        {mayChange && user.state === "suspended" && (
          <Button variant="default" leftSection={<IconUserCheck size={16} aria-hidden />} onClick={() => letIn(user)}>
            {t("users.unsuspend")}
          </Button>
        )}
        {mayRemove && (
          <Button color="red.9" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setAsking("remove")}>
            {t(user.state === "invited" ? "users.withdraw" : "users.remove")}
          </Button>
        )}
      </Group>
      <Suspense>
        {asking === "suspend" && <SuspendUser user={user} onClose={close} />}
        {asking === "remove" && <RemoveUser user={user} onClose={close} />}
      </Suspense>
    </>
  );
}
