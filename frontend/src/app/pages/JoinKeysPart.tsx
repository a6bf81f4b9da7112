/** The part of a network's page about hosts that join by themselves: its keys, and who waits for approval. */
import { Stack } from "@mantine/core";
import { useNetwork } from "@/components/network";
import { JoinKeysSection } from "@/features/joinKeys/JoinKeysSection";
import { WaitingPeers } from "@/features/peers/WaitingPeers";

export default function JoinKeysPart() {
  return (
    <Stack>
      <WaitingPeers network={useNetwork()} />
      <JoinKeysSection />
    </Stack>
  );
}
