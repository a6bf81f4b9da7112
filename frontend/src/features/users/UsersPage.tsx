/** All people: the list, inviting one, and the panel of the one that the address names. */
import { Button } from "@mantine/core";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import { EmptyState } from "@/components/EmptyState";
import { useFilters } from "@/components/filters";
import { PageOf } from "@/components/Page";
import { usersQuery } from "./api";
import { UsersTable } from "./UsersTable";

const InviteDialog = lazy(() => import("./InviteDialog"));
const UserPanel = lazy(() => import("./UserPanel"));

export default function UsersPage() {
  const { t } = useTranslation();
  const reading = useQuery(usersQuery(useApi()));
  const [inviting, setInviting] = useState(false);
  const [{ open }, change] = useFilters();
  const mayInvite = useMay("POST /users");
  const opened = reading.data?.find((user) => user.id === open);
  const invite = mayInvite && (
    <Button leftSection={<IconUserPlus size={16} aria-hidden />} onClick={() => setInviting(true)}>
      {t("users.invite")}
    </Button>
  );
  return (
    <PageOf
      title={t("users.title")}
      description={t("users.lead")}
      reading={reading}
      failed={t("users.readFailed")}
      isEmpty={(users) => users.length === 0}
      empty={() => (
        <EmptyState
          icon={<IconUsers size={30} aria-hidden />}
          title={t("users.emptyTitle")}
          text={t("users.emptyText")}
        >
          {invite}
        </EmptyState>
      )}
      actions={() => invite}
      dialogs={
        <Suspense>
          {inviting && <InviteDialog onClose={() => setInviting(false)} />}
          {opened && <UserPanel key={opened.id} user={opened} onClose={() => change({ open: undefined })} />}
        </Suspense>
      }
    >
      {() => <UsersTable reading={reading} onOpen={(id) => change({ open: id })} />}
    </PageOf>
  );
}
