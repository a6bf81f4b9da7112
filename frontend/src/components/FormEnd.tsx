/** How every form ends: what was refused and is about no field, and the two ways out. */
import { Alert, Button, Group } from "@mantine/core";

type Props = { refusal: string | undefined; submit: string; cancel: string; busy: boolean; onCancel: () => void };

export function FormEnd({ refusal, submit, cancel, busy, onCancel }: Props) {
  return (
    <>
      {refusal && (
        <Alert color="red" variant="outline" role="alert">
          {refusal}
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          {cancel}
        </Button>
        <Button type="submit" loading={busy}>
          {submit}
        </Button>
      </Group>
    </>
  );
}
