/** A table that is sorted by a click on, or Enter in, a column's head. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { type Order, type SortValue, sorted } from "./sorting";

export interface Column<Row> {
  key: string;
  label: string;
  /** Numbers stand to the right, in figures of one width. */
  isNumber?: boolean;
  /** What it is sorted by; without it, it is not. */
  by?(row: Row): SortValue;
  cell(row: Row): ComponentChildren;
}

interface TableProps<Row> {
  label: string;
  rows: Row[];
  columns: Column<Row>[];
  rowKey(row: Row): string;
  initial?: Order;
  rowClass?(row: Row): string;
  /** On a narrow screen each row is a small list instead. */
  isStacking?: boolean;
}

export function Table<Row>({ label, rows, columns, rowKey, initial, rowClass, isStacking = false }: TableProps<Row>) {
  const [order, setOrder] = useState<Order | null>(initial ?? null);
  const by = columns.find((one) => one.key === order?.key)?.by;
  const shown = order !== null && by !== undefined ? sorted(rows, by, order.isDescending) : rows;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={label}>
      <table class={isStacking ? "stacking" : ""} role="table">
        <thead>
          <tr>
            {columns.map((one) => (
              <Head key={one.key} column={one} order={order} onOrder={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={rowKey(row)} role="row" class={rowClass?.(row) ?? ""}>
              {columns.map((one) => (
                <td key={one.key} role="cell" class={one.isNumber ? "number" : ""} data-label={one.label}>
                  {one.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  order: Order | null;
  onOrder(order: Order): void;
}

function Head<Row>({ column, order, onOrder }: HeadProps<Row>) {
  const isSorted = order?.key === column.key;
  const name = column.isNumber ? "number" : "";
  if (column.by === undefined)
    return (
      <th scope="col" class={name}>
        {column.label}
      </th>
    );
  const next = { key: column.key, isDescending: isSorted ? !order.isDescending : (column.isNumber ?? false) };
  return (
    <th scope="col" class={name} aria-sort={isSorted ? (order.isDescending ? "descending" : "ascending") : "none"}>
      <button type="button" onClick={() => onOrder(next)}>
        {column.label}
        <span aria-hidden="true">{isSorted ? (order.isDescending ? " ↓" : " ↑") : ""}</span>
      </button>
    </th>
  );
}
