/** A modal whose heading names it; landmarks inside would mislead, so the header is none. */
import { Modal, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

type Props = {
  title: string;
  opened: boolean;
  onClose: () => void;
  size?: string | number;
  closeLabel: string;
  children: ReactNode;
};

export function Dialog({ title, opened, onClose, size = "md", closeLabel, children }: Props) {
  const id = useId();
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size} aria-labelledby={id}>
      <Modal.Overlay />
      <Modal.Content aria-labelledby={id}>
        <Modal.Header role="none">
          <Title order={2} size="h3" id={id}>
            {title}
          </Title>
          <Modal.CloseButton aria-label={closeLabel} />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
