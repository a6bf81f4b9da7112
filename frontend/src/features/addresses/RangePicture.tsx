/** The range as a picture; whose a block is, is said beside it, by pointer and by keyboard. */
import { Group, Paper, Stack, Text } from "@mantine/core";
import { type KeyboardEvent, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import classes from "./Addresses.module.css";
import type { Addresses } from "./api";
import { addressOf, type Block, blocksOf, type State, stateOf } from "./picture";

const MARK: Record<State, string> = { held: "●", quarantined: "◌", reserved: "", unusable: "×", free: "" };
const LEGEND = ["held", "reserved", "quarantined", "free", "unusable"] as const;

export function RangePicture({ addresses }: { addresses: Addresses }) {
  const { t } = useTranslation();
  const { capacity, allocations } = addresses;
  const blocks = useMemo(() => blocksOf(capacity, allocations), [capacity, allocations]);
  const [current, setCurrent] = useState(0);
  const [shown, setShown] = useState<number>();
  const grid = useRef<HTMLDivElement>(null);
  const what = ({ counts, size, peer }: Block) => {
    if (size === 1 && counts.held > 0) return t("addresses.heldBy", { peer: peer ?? t("addresses.gone") });
    if (size === 1) return t(`addresses.${stateOf({ counts, size, peer, first: 0 })}`);
    return (["held", "quarantined", "reserved", "free"] as const)
      .filter((state) => counts[state] > 0)
      .map((state) => t(`addresses.${state}Count`, { count: counts[state] }))
      .join(", ");
  };
  const said = (block: Block) => {
    const first = addressOf(block.first);
    if (block.size === 1) return t("addresses.block", { first, what: what(block) });
    return t("addresses.blockOf", { first, last: addressOf(block.first + block.size - 1), what: what(block) });
  };
  const go = (event: KeyboardEvent<HTMLDivElement>) => {
    const columns = columnsOf(grid.current);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(blocks.length - 1, Math.max(0, current + step));
    setCurrent(next);
    (grid.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const pointed = shown === undefined ? undefined : blocks[shown];
  return (
    <Paper withBorder p="md" radius="md">
      <Stack gap="sm">
        {/* biome-ignore lint/a11y/useSemanticElements: a set of many small buttons, which arrow keys go through */}
        <div
          ref={grid}
          className={classes.picture}
          role="group"
          aria-label={t("addresses.picture", { cidr: capacity.cidr })}
          onKeyDown={go}
        >
          {blocks.map((block, at) => (
            <button
              key={block.first}
              type="button"
              className={classes.block}
              data-state={stateOf(block)}
              tabIndex={at === current ? 0 : -1}
              aria-label={said(block)}
              onFocus={() => {
                setCurrent(at);
                setShown(at);
              }}
              onMouseEnter={() => setShown(at)}
            >
              <span aria-hidden>{MARK[stateOf(block)]}</span>
            </button>
          ))}
        </div>
        <Text size="sm">{pointed ? said(pointed) : t("addresses.point")}</Text>
        <Group gap="md">
          {LEGEND.map((state) => (
            <Group key={state} gap={6} wrap="nowrap">
              <span className={classes.block} data-state={state} style={{ width: 18, textAlign: "center" }} aria-hidden>
                {MARK[state]}
              </span>
              <Text size="sm">{t(`addresses.${state}`)}</Text>
            </Group>
          ))}
        </Group>
      </Stack>
    </Paper>
  );
}

/** How many blocks stand in a row now. */
function columnsOf(grid: HTMLElement | null): number {
  const blocks = [...(grid?.children ?? [])] as HTMLElement[];
  const top = blocks[0]?.offsetTop;
  return Math.max(
    1,
    blocks.findIndex((block) => block.offsetTop !== top),
  );
}
