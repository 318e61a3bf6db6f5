import type { Kind, Records } from './records';

/** The schema of all tables of the shop. So the shop uses no other names in a shared database. */
export const SCHEMA = 'order_system';

/** The place of each kind of record: the table, and the column of each field. */
export const TABLES: { readonly [K in Kind]: { table: string; columns: Record<keyof Records[K], string> } } =
  {
    stock: { table: `${SCHEMA}.stock`, columns: { sku: 'sku', available: 'available' } },
    shelf: {
      table: `${SCHEMA}.shelf`,
      columns: { warehouse: 'warehouse', sku: 'sku', quantity: 'quantity' },
    },
    order: {
      table: `${SCHEMA}.orders`,
      columns: { id: 'id', sku: 'sku', quantity: 'quantity', status: 'status', parcel: 'parcel' },
    },
    payment: { table: `${SCHEMA}.payment`, columns: { id: 'id', orderId: 'order_id' } },
    reminderRun: {
      table: `${SCHEMA}.reminder_run`,
      columns: { id: 'id', pid: 'pid', startedAt: 'started_at', reminded: 'reminded' },
    },
  };

/**
 * The statements that bring the tables from each version to the next. The first one starts with an empty
 * schema. None of them is ever changed.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE ${SCHEMA}.stock (
     sku text PRIMARY KEY,
     available integer NOT NULL CHECK (available >= 0)
   );
   CREATE TABLE ${SCHEMA}.shelf (
     warehouse text,
     sku text,
     quantity integer NOT NULL CHECK (quantity >= 0),
     PRIMARY KEY (warehouse, sku)
   );
   CREATE TABLE ${SCHEMA}.orders (
     id uuid PRIMARY KEY,
     sku text NOT NULL,
     quantity integer NOT NULL CHECK (quantity > 0),
     status text NOT NULL CHECK (status IN ('placed', 'paid', 'shipped')),
     parcel text
   );
   CREATE TABLE ${SCHEMA}.payment (
     id uuid PRIMARY KEY,
     order_id uuid NOT NULL REFERENCES ${SCHEMA}.orders
   );
   CREATE INDEX ON ${SCHEMA}.payment (order_id);
   CREATE TABLE ${SCHEMA}.reminder_run (
     id uuid PRIMARY KEY,
     pid integer NOT NULL,
     started_at timestamptz NOT NULL,
     reminded integer NOT NULL
   );`,

  // These columns have the last writer of each row, so that the write of an earlier holder can be refused.
  ['stock', 'shelf', 'orders']
    .map(
      (table) => `ALTER TABLE ${SCHEMA}.${table}
        ADD COLUMN fence bigint NOT NULL DEFAULT 0,
        ADD COLUMN fence_owner text NOT NULL DEFAULT '';`,
    )
    .join('\n'),
];
