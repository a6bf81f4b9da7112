/** People in rows: what they may do, where that comes from, and when they were last here. */
import { Badge, Group, Text } from "@mantine/core";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useMe } from "@/api/me";
import { useVisibleNetworks } from "@/api/networks";
import type { Granted, User } from "@/api/shapes";
import type { Column } from "@/components/column";
import { DataTable } from "@/components/DataTable";
import { FilterBar } from "@/components/FilterBar";
import { useFilters } from "@/components/filters";
import type { Reading } from "@/components/Loaded";
import { NetworkNames } from "@/components/NetworkNames";
import { When } from "@/components/When";
import { ROLES } from "@/lib/roles";
import { nameOf, passes, roleOf, STATES } from "./filters";
import { StateMark } from "./StateMark";
import { UserMenu } from "./UserMenu";

type Row = User & { name: string };
const NO_NETWORKS: readonly Granted[] = [];

export function UsersTable({ reading, onOpen }: { reading: Reading<User[]>; onOpen: (id: string) => void }) {
  const { t } = useTranslation();
  const [filters] = useFilters();
  const columns = useColumns(useMe()?.id, useVisibleNetworks() ?? NO_NETWORKS);
  const { data } = reading;
  const rows = useMemo(() => data?.map((user): Row => ({ ...user, name: nameOf(user) })), [data]);
  return (
    <DataTable
      label={t("users.title")}
      reading={{ ...reading, data: rows }}
      failed={t("users.readFailed")}
      columns={columns}
      passes={(user) => passes(user, filters)}
      filters={<UserFilters />}
      count={(shown, all) =>
        shown === all ? t("users.count", { count: all }) : t("users.shown", { shown, count: all })
      }
      empty={null}
      onOpen={(user) => onOpen(user.id)}
      actions={(user) => <UserMenu user={user} onOpen={() => onOpen(user.id)} />}
    />
  );
}

function UserFilters() {
  const { t } = useTranslation();
  const states = STATES.map((value) => ({ value, label: t(`users.${value}`) }));
  const roles = ROLES.map((value) => ({ value, label: t(`role.${value}`) }));
  return (
    <FilterBar
      search={t("users.search")}
      choices={[
        { name: "state", label: t("users.state"), any: t("users.anyState"), values: states },
        { name: "role", label: t("users.role"), any: t("users.anyRole"), values: roles },
      ]}
    />
  );
}

function useColumns(me: string | undefined, networks: readonly Granted[]): ReadonlyArray<Column<Row>> {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("users.name"),
        value: (user) => user.name,
        cell: (user) => <Name user={user} isMe={user.id === me} />,
      },
      {
        id: "state",
        header: t("users.state"),
        value: (user) => user.state,
        cell: (user) => <StateMark state={user.state} />,
      },
      {
        id: "role",
        header: t("users.role"),
        value: (user) => roleOf(user) ?? "",
        cell: (user) => <RoleCell user={user} />,
      },
      {
        id: "networks",
        header: t("users.networks"),
        value: (user) => user.networks?.length ?? Number.MAX_SAFE_INTEGER,
        cell: (user) => <NetworkNames ids={user.networks} known={networks} />,
      },
      {
        id: "devices",
        header: t("users.devices"),
        value: (user) => user.owned_peers,
        cell: (user) => user.owned_peers,
      },
      {
        id: "seen",
        header: t("users.seen"),
        value: (user) => user.last_seen_at ?? "",
        cell: (user) => <When at={user.last_seen_at} otherwise={t("users.neverSeen")} />,
      },
    ],
    [t, me, networks],
  );
}

function Name({ user, isMe }: { user: Row; isMe: boolean }) {
  const { t } = useTranslation();
  const hasOther = user.email !== null && user.email !== user.name;
  return (
    <div>
      <Group gap={6} wrap="nowrap">
        <Text fw={600} size="sm" truncate title={user.name} lh={1.3}>
          {user.name}
        </Text>
        {isMe && (
          <Badge size="xs" variant="default" tt="none" style={{ flex: "none" }}>
            {t("users.you")}
          </Badge>
        )}
      </Group>
      {hasOther && (
        <Text size="xs" c="dimmed" truncate title={user.email ?? ""} lh={1.2}>
          {user.email}
        </Text>
      )}
    </div>
  );
}

function RoleCell({ user }: { user: User }) {
  const { t } = useTranslation();
  return (
    <div>
      <Text size="sm" lh={1.3}>
        {t(`role.${roleOf(user) ?? "none"}`)}
      </Text>
      {user.state === "invited" && (
        <Text size="xs" c="dimmed" truncate lh={1.2}>
          {t("users.fromFirst")}
        </Text>
      )}
      {user.role_source && user.state !== "invited" && (
        <Text size="xs" c="dimmed" truncate lh={1.2}>
          {t(`roleSource.${user.role_source}`)}
        </Text>
      )}
    </div>
  );
}
