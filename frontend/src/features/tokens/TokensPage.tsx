/** API tokens: one's own, for administrators everybody's; making one, and ending one. */
import { Button } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay, useMe } from "@/api/me";
import { EmptyState } from "@/components/EmptyState";
import { useFilters } from "@/components/filters";
import { PageOf } from "@/components/Page";
import { tokensQuery } from "./api";
import { TokensTable } from "./TokensTable";

const CreateTokenDialog = lazy(() => import("./CreateTokenDialog"));

export default function TokensPage() {
  const { t } = useTranslation();
  const me = useMe();
  const maySeeAll = me?.role === "administrator";
  const [{ whose }] = useFilters();
  const reading = useQuery(tokensQuery(useApi(), maySeeAll && whose === "all"));
  const [creating, setCreating] = useState(false);
  const mayCreate = useMay("POST /tokens");
  const create = mayCreate && (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {t("tokens.create")}
    </Button>
  );
  return (
    <PageOf
      title={t("tokens.title")}
      description={t("tokens.lead")}
      reading={reading}
      failed={t("tokens.readFailed")}
      isEmpty={(tokens) => tokens.length === 0 && !maySeeAll}
      empty={() => (
        <EmptyState
          icon={<IconKey size={30} aria-hidden />}
          title={t("tokens.emptyTitle")}
          text={t("tokens.emptyText")}
        >
          {create}
        </EmptyState>
      )}
      actions={() => create}
      dialogs={<Suspense>{creating && <CreateTokenDialog onClose={() => setCreating(false)} />}</Suspense>}
    >
      {() => <TokensTable reading={reading} maySeeAll={maySeeAll} />}
    </PageOf>
  );
}
