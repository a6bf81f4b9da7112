/** A column of a table. */
import type { ReactNode } from "react";

/** `value`: what its rows are sorted by. The first column of a table names the row. */
export type Column<Row> = {
  id: string;
  header: string;
  value: (row: Row) => string | number;
  cell: (row: Row) => ReactNode;
};
