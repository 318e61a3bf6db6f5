export interface Order {
  readonly id: string;
  readonly sku: string;
  readonly quantity: number;
  readonly status: 'placed' | 'paid' | 'shipped';
  /** The carrier's number of the parcel. It is null until the order is shipped. */
  readonly parcel: string | null;
}
