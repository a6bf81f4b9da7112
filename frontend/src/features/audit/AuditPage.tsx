/** The audit log: its records as far as they were read, the filters, the details of one, and the export. */
import { Button, Stack, Text } from "@mantine/core";
import { IconHistory, IconSearch } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { useMay } from "@/api/me";
import { EmptyState } from "@/components/EmptyState";
import { useFilters } from "@/components/filters";
import { Loaded } from "@/components/Loaded";
import { Page } from "@/components/Page";
import { AuditFilters } from "./AuditFilters";
import { AuditTable } from "./AuditTable";
import { auditQuery } from "./api";
import { ExportButton } from "./ExportButton";
import { filterOf } from "./filters";

const RecordPanel = lazy(() => import("./RecordPanel"));

export default function AuditPage() {
  const { t } = useTranslation();
  const [search, change] = useFilters();
  const filter = filterOf(search);
  const reading = useInfiniteQuery(auditQuery(useApi(), filter));
  const mayExport = useMay("GET /audit/export");
  const records = reading.data?.pages.flatMap((page) => page.items);
  const opened = records?.find((record) => record.id === search.open);
  const isFiltered = Object.keys(filter).length > 0;
  return (
    <Page
      title={t("audit.title")}
      description={t("audit.lead")}
      actions={mayExport && <ExportButton filter={filter} />}
    >
      <Stack gap="sm">
        <AuditFilters records={records ?? []} />
        <Loaded
          reading={{ data: records, error: reading.error, refetch: reading.refetch }}
          what={t("audit.title")}
          failed={t("audit.readFailed")}
        >
          {(found) => (
            <>
              {found.length > 0 && (
                <Text size="sm" c="dimmed" role="status">
                  {t(reading.hasNextPage ? "audit.countMore" : "audit.count", { count: found.length })}
                </Text>
              )}
              {found.length > 0 ? (
                <AuditTable records={found} onOpen={(id) => change({ open: id })} />
              ) : (
                <Nothing isFiltered={isFiltered} />
              )}
            </>
          )}
        </Loaded>
        {reading.hasNextPage && (
          <Button
            variant="default"
            mr="auto"
            loading={reading.isFetchingNextPage}
            onClick={() => void reading.fetchNextPage()}
          >
            {t("audit.older")}
          </Button>
        )}
      </Stack>
      <Suspense>{opened && <RecordPanel record={opened} onClose={() => change({ open: undefined })} />}</Suspense>
    </Page>
  );
}

const NO_FILTER = {
  network: undefined,
  actor: undefined,
  action: undefined,
  target: undefined,
  since: undefined,
  until: undefined,
};

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation();
  const [, change] = useFilters();
  if (!isFiltered) {
    return (
      <EmptyState
        icon={<IconHistory size={30} aria-hidden />}
        title={t("audit.emptyTitle")}
        text={t("audit.emptyText")}
      />
    );
  }
  return (
    <EmptyState icon={<IconSearch size={30} aria-hidden />} title={t("audit.noneTitle")} text={t("audit.noneText")}>
      <Button variant="default" onClick={() => change(NO_FILTER)}>
        {t("audit.clear")}
      </Button>
    </EmptyState>
  );
}
