/** A network's change log: what was changed, by whom, and how far and how fast it came into force. */
import { Button, Stack, Text, Title } from "@mantine/core";
import { IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useApi } from "@/api/context";
import { meQuery } from "@/api/me";
import type { Change } from "@/api/shapes";
import { EmptyState } from "@/components/EmptyState";
import { Loaded } from "@/components/Loaded";
import { useNetwork } from "@/components/network";
import { Timeline } from "@/components/Timeline";
import { changesQuery } from "./api";
import { ChangeDetails } from "./ChangeDetails";
import { ChangeMark } from "./ChangeMark";
import { usePlanning } from "./planning";

export default function ChangesSection() {
  const { t } = useTranslation();
  const network = useNetwork();
  const api = useApi();
  const reading = useInfiniteQuery(changesQuery(api, network.id));
  const changes = reading.data?.pages.flatMap((page) => page.items);
  const nameOf = useNameOf();
  usePlanning(network.id, changes ?? []);
  return (
    <Stack gap="sm" component="section" aria-label={t("changes.title")}>
      <div>
        <Title order={2} size="h3">
          {t("changes.title")}
        </Title>
        <Text size="sm" c="dimmed">
          {t("changes.lead")}
        </Text>
      </div>
      <Loaded
        reading={{ data: changes, error: reading.error, refetch: reading.refetch }}
        what={t("changes.title")}
        failed={t("changes.readFailed")}
      >
        {(found) =>
          found.length === 0 ? (
            <EmptyState
              icon={<IconHistory size={30} aria-hidden />}
              title={t("changes.emptyTitle")}
              text={t("changes.emptyText")}
            />
          ) : (
            <Timeline
              label={t("changes.title")}
              happenings={found.map((change) => ({
                id: String(change.revision),
                mark: <ChangeMark what={change.what} />,
                title: t(`changes.what.${change.what}`),
                by: t("changes.by", { who: nameOf(change) }),
                at: change.at,
                details: <ChangeDetails change={change} />,
              }))}
            />
          )
        }
      </Loaded>
      {reading.hasNextPage && (
        <Button
          variant="default"
          mr="auto"
          loading={reading.isFetchingNextPage}
          onClick={() => void reading.fetchNextPage()}
        >
          {t("changes.older")}
        </Button>
      )}
    </Stack>
  );
}

/** Who made a change, as far as this page can know: oneself, a peer that the change is about, or an id. */
function useNameOf(): (change: Change) => string {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery(useApi()));
  return ({ by, peers }) => {
    if (by === me?.id) return t("changes.you");
    if (by === "agents" || by === "removal") return t(`changes.${by}`);
    return peers.find((peer) => peer.id === by)?.name ?? by;
  };
}
