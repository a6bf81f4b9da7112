/** A modal whose heading names it; its header is no landmark, and the focus goes back to where it was. */
import { Modal } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

type Props = {
  title: string;
  opened: boolean;
  onClose: () => void;
  size?: string | number;
  closeLabel: string;
  children: ReactNode;
};

export function Dialog({ title, opened, onClose, size = "md", closeLabel, children }: Props) {
  useFocusBack();
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size} returnFocus={false}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Header role="none">
          <Modal.Title fz="h3" fw={650}>
            {title}
          </Modal.Title>
          <Modal.CloseButton aria-label={closeLabel} />
        </Modal.Header>
        <Modal.Body>{children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}

/** Dialogs here are mounted when opened, so what had the focus then gets it back when they go. */
export function useFocusBack(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement && before.isConnected) requestAnimationFrame(() => before.focus());
    };
  }, []);
}
