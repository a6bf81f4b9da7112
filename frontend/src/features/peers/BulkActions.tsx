/** What can be done to several peers at once. */
import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Peer } from "@/api/shapes";

export function BulkActions({ peers, onDelete }: { peers: readonly Peer[]; onDelete: () => void }) {
  const { t } = useTranslation();
  const clipboard = useClipboard();
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconCopy size={15} aria-hidden />}
        onClick={() => clipboard.copy(peers.map((peer) => peer.address).join("\n"))}
      >
        {clipboard.copied ? t("words.copied") : t("peers.copyAddresses")}
      </Button>
      <Button size="xs" color="red.9" leftSection={<IconTrash size={15} aria-hidden />} onClick={onDelete}>
        {t("peers.deleteMany")}
      </Button>
    </>
  );
}
