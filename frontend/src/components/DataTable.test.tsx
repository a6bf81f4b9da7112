import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { Column } from "@/components/column";
import { DataTable, type TableProps } from "@/components/DataTable";
import { FilterBar } from "@/components/FilterBar";
import { show } from "@/test/render";

type Thing = { id: string; name: string; size: number };

const COLUMNS: ReadonlyArray<Column<Thing>> = [
  { id: "name", header: "Name", value: (thing) => thing.name, cell: (thing) => thing.name },
  { id: "size", header: "Size", value: (thing) => thing.size, cell: (thing) => thing.size },
];
const THINGS = ["thing 2", "thing 10", "thing 1"].map((name, at) => ({ id: `t_${at}`, name, size: 10 - at }));

function table(changed: Partial<TableProps<Thing>> = {}) {
  return (
    <DataTable
      label="Things"
      reading={{ data: THINGS, error: null, refetch: () => {} }}
      failed="The things could not be read"
      columns={COLUMNS}
      passes={() => true}
      filters={<FilterBar search="Search things" />}
      count={(shown, all) => `${shown} of ${all}`}
      empty={<p>None yet</p>}
      {...changed}
    />
  );
}

const names = () => screen.getAllByRole("row").map((row) => within(row).queryAllByRole("cell")[0]?.textContent);

test("rows are sorted by the first column, numbers in texts by their value", async () => {
  show(table());

  await screen.findByRole("table", { name: "Things" });
  expect(names()).toEqual([undefined, "thing 1", "thing 2", "thing 10"]);
});

test("a click sorts, another turns it round, and the address says so", async () => {
  const { router } = show(table());
  const person = userEvent.setup();
  await person.click(await screen.findByRole("button", { name: "Size" }));

  expect(screen.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort")).toBe("ascending");
  expect(screen.getByRole("columnheader", { name: "Name" }).getAttribute("aria-sort")).toBe("none");
  expect(names()).toEqual([undefined, "thing 1", "thing 10", "thing 2"]);

  await person.click(screen.getByRole("button", { name: "Size" }));

  expect(screen.getByRole("columnheader", { name: "Size" }).getAttribute("aria-sort")).toBe("descending");
  expect(router.state.location.search).toEqual({ sort: "-size" });
});

test("of thousands of rows only those in sight are drawn, and each says which of all it is", async () => {
  const many = Array.from({ length: 5000 }, (_, n) => ({ id: `t_${n}`, name: `thing ${n}`, size: n }));
  show(table({ reading: { data: many, error: null, refetch: () => {} } }));

  const shown = await screen.findByRole("table", { name: "Things" });
  expect(shown.getAttribute("aria-rowcount")).toBe("5001");
  const rows = within(shown).getAllByRole("row");
  expect(rows.length).toBeLessThan(60);
  expect(rows.map((row) => row.getAttribute("aria-rowindex")).slice(0, 3)).toEqual(["1", "2", "3"]);
});

test("what is selected is acted on in the order shown, and only as far as it is shown", async () => {
  const bulk = vi.fn((rows: Thing[]) => <p>{rows.map((row) => row.name).join(" + ")}</p>);
  show(table({ bulk, passes: (thing) => thing.name !== "thing 2" }), { path: "/networks?sort=-name" });
  const person = userEvent.setup();
  expect(screen.queryByText(/selected$/)).toBeNull();
  await person.click(await screen.findByRole("checkbox", { name: "Select thing 1" }));

  expect(screen.getByText("1 selected")).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all" }).indeterminate).toBe(true);

  await person.click(screen.getByRole("checkbox", { name: "Select all" }));
  expect(screen.getByText("thing 10 + thing 1")).toBeTruthy();

  await person.click(screen.getByRole("button", { name: "Clear selection" }));
  expect(screen.queryByText(/selected$/)).toBeNull();
});

test("no results are not nothing: filters are taken back, the sorting stays", async () => {
  const { router } = show(table({ passes: () => false }), { path: "/networks?q=x&sort=-size" });
  await userEvent.click(await screen.findByRole("button", { name: "Clear search and filters" }));

  expect(router.state.location.search).toEqual({ sort: "-size" });
});

test("nothing yet, being read, and failed each look their own", async () => {
  const refetch = vi.fn();
  show(
    <>
      {table({ reading: { data: [], error: null, refetch } })}
      {table({ reading: { data: undefined, error: null, refetch } })}
      {table({ reading: { data: undefined, error: new Error("No answer."), refetch } })}
    </>,
  );

  expect(await screen.findByText("None yet")).toBeTruthy();
  expect(screen.getByText("Reading Things")).toBeTruthy();
  expect(screen.getByText("No answer.")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(refetch).toHaveBeenCalledOnce();
  expect(screen.queryByRole("table")).toBeNull();
});
