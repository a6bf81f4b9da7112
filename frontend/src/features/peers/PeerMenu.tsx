/** What can be done to one peer, as far as whoever is signed in may. */
import { useClipboard } from "@mantine/hooks";
import { IconCopy, IconPencil, IconQrcode, IconTerminal2, IconTrash } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useMay } from "@/api/me";
import type { Peer } from "@/api/shapes";
import { type Action, ActionMenu } from "@/components/ActionMenu";

const RenamePeer = lazy(() => import("./RenamePeer"));
const Reissue = lazy(() => import("./Reissue"));
const DeletePeer = lazy(() => import("./DeletePeer"));

export function PeerMenu({ peer }: { peer: Peer }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState<"rename" | "reissue" | "delete">();
  const close = () => setAsking(undefined);
  const clipboard = useClipboard();
  const mayChange = useMay("PATCH /networks/{network_id}/peers/{peer_id}");
  const mayDelete = useMay("DELETE /networks/{network_id}/peers/{peer_id}");
  const mayReissueFile = useMay("POST /networks/{network_id}/peers/{peer_id}/reissue");
  const mayReissueToken = useMay("POST /networks/{network_id}/peers/{peer_id}/enrollment-token");
  const reissue = () => setAsking("reissue");
  const again: Action[] =
    peer.kind === "static"
      ? [{ label: t("peers.qrAgain"), icon: IconQrcode, run: reissue }]
      : [{ label: t("peers.lineAgain"), icon: IconTerminal2, run: reissue }];
  const actions: Action[] = [
    { label: t("peers.copyAddress"), icon: IconCopy, run: () => clipboard.copy(peer.address) },
    ...((peer.kind === "static" ? mayReissueFile : mayReissueToken) ? again : []),
    ...(mayChange ? [{ label: t("peers.rename"), icon: IconPencil, run: () => setAsking("rename") }] : []),
    ...(mayDelete
      ? [{ label: t("peers.delete"), icon: IconTrash, run: () => setAsking("delete"), isDestructive: true }]
      : []),
  ];
  return (
    <>
      <ActionMenu name={peer.name} actions={actions} />
      <Suspense>
        {asking === "rename" && <RenamePeer peer={peer} onClose={close} />}
        {asking === "reissue" && <Reissue peer={peer} onClose={close} />}
        {asking === "delete" && <DeletePeer peer={peer} onClose={close} />}
      </Suspense>
    </>
  );
}
