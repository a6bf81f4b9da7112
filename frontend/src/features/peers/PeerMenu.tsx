/** What can be done to one peer. */
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMayWrite } from "@/api/me";
import type { Network, Peer } from "@/api/shapes";
import { ActionMenu } from "@/components/ActionMenu";

const DeletePeer = lazy(() => import("./DeletePeer"));

export function PeerMenu({ network, peer }: { network: Network; peer: Peer }) {
  const { t } = useTranslation();
  const [deleting, setDeleting] = useState(false);
  const clipboard = useClipboard();
  const mayWrite = useMayWrite();
  const copy = { label: t("peers.copyAddress"), icon: IconCopy, run: () => clipboard.copy(peer.address) };
  const remove = { label: t("peers.delete"), icon: IconTrash, run: () => setDeleting(true), isDestructive: true };
  return (
    <>
      <ActionMenu name={peer.name} actions={mayWrite ? [copy, remove] : [copy]} />
      <Suspense>{deleting && <DeletePeer network={network} peer={peer} onClose={() => setDeleting(false)} />}</Suspense>
    </>
  );
}
