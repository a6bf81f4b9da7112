/** What happened, the newest first: a list along a line, each with its mark, who, and when. */
import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "@/components/Timeline.module.css";
import { When } from "@/components/When";

export type Happening = { id: string; mark: ReactNode; title: string; by: string; at: string; details: ReactNode };

export function Timeline({ label, happenings }: { label: string; happenings: readonly Happening[] }) {
  return (
    <ol className={classes.list} aria-label={label}>
      {happenings.map(({ id, mark, title, by, at, details }) => (
        <li key={id} className={classes.item}>
          <span className={classes.mark} aria-hidden="true">
            {mark}
          </span>
          <div className={classes.text}>
            <Group gap={8} justify="space-between">
              <Text fw={600} size="sm">
                {title}
              </Text>
              <Text size="sm" c="dimmed" component="div">
                <When at={at} otherwise="" /> {by}
              </Text>
            </Group>
            {details}
          </div>
        </li>
      ))}
    </ol>
  );
}
